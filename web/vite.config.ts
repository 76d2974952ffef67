import { defineConfig, type UserConfig } from "vite";

/** One script and one style for both pages, named by what is in them. `scripts/buildWeb.mjs` runs it. */
const config: UserConfig = defineConfig({
  root: import.meta.dirname,
  base: "/account/assets/",
  publicDir: false,
  logLevel: "warn",
  build: {
    target: "es2022",
    manifest: "manifest.json",
    modulePreload: false,
    rolldownOptions: {
      input: "main.tsx",
      output: { entryFileNames: "[name]-[hash].js", assetFileNames: "[name]-[hash][extname]" },
    },
  },
});
export default config;
