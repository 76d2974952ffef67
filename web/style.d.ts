/** Vite puts it into a file beside the script. */
declare module "*.css" {}
