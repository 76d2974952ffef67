import type { ComponentChildren, JSX } from "preact";
import { page } from "../page.ts";

/** What stands around both pages: the brand, where to go, and who is signed in. */
export function Shell({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const { brand, user, isAdmin, signOutPath, csrfToken } = page;
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <div class="wide">
          <a class="brand" href="/account">
            {brand.logo === undefined ? (
              <>
                <span class="mark" aria-hidden="true">
                  {[...brand.name][0]?.toUpperCase()}
                </span>
                <span>{brand.name}</span>
              </>
            ) : (
              <img src={brand.logo} alt={brand.name} />
            )}
          </a>
          <nav aria-label="Main">
            <a href="/account" aria-current={page.page === "account" ? "page" : undefined}>
              Your account
            </a>
            {isAdmin && (
              <a href="/admin" aria-current={page.page === "admin" ? "page" : undefined}>
                Administration
              </a>
            )}
          </nav>
          <form class="who" method="post" action={signOutPath}>
            <input type="hidden" name="csrf" value={csrfToken} />
            <span class="name" title={user.id}>
              <span class="hidden">Signed in as </span>
              {user.name ?? user.id}
            </span>
            <button type="submit" class="plain">
              Sign out
            </button>
          </form>
        </div>
      </header>
      <main id="main" class="wide" tabIndex={-1}>
        {children}
      </main>
      <footer class="wide">
        {brand.name}
        {brand.supportUrl !== undefined && (
          <>
            {" · "}
            <a href={brand.supportUrl} rel="noreferrer">
              Get help
            </a>
          </>
        )}
      </footer>
    </>
  );
}
