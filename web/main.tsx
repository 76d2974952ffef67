import { render } from "preact";
import { AccountPage } from "./account/AccountPage.tsx";
import { AdminPage } from "./admin/AdminPage.tsx";
import { page } from "./page.ts";
import { Shell } from "./parts/Shell.tsx";
import "./style.css";

const root = document.getElementById("app");
if (root !== null) render(<Shell>{page.page === "admin" ? <AdminPage /> : <AccountPage />}</Shell>, root);
