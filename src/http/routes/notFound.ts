import type { Request, Response } from "express";

/**
 * 404 as JSON. A path that leads to a Surface, or one with a slash too many, is answered with the full URL, since a client
 * configured with half of it shows its user this text. The URL begins as `publicUrl` does, since a proxy may hide how the
 * client came.
 */
export function notFound(paths: readonly string[], publicUrl?: string): (req: Request, res: Response) => void {
  return (req, res) => {
    const path = req.path.replace(/\/+$/, "");
    const meant = paths.find((surface) => surface === path || surface.startsWith(`${path}/`));
    const base = publicUrl ?? `${req.protocol}://${req.headers.host ?? ""}`;
    const message =
      meant === undefined
        ? "There is nothing at this URL."
        : `There is nothing at this URL. The MCP endpoint is ${base}${meant}`;
    res.status(404).json({ code: "not_found", message });
  };
}
