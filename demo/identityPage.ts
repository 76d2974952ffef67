/** The people of the demo to pick from; each is a button, and none has a password. */
export function signInPage(
  persons: readonly { readonly id: string; readonly name: string; readonly about: string }[],
): string {
  const buttons = persons.map(
    ({ id, name, about }) =>
      `<button name="person" value="${id}"><strong>${name}</strong><span>${about}</span></button>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · Beacon accounts</title>
<style>${style}</style>
</head>
<body>
<main>
<p class="brand">Beacon accounts</p>
<h1>Who are you?</h1>
<p>This is a demo on your own computer, so nobody has a password.</p>
<form method="post">
${buttons.join("\n")}
<button class="none" name="person" value="">Cancel</button>
</form>
</main>
</body>
</html>
`;
}

const style = `
:root{color-scheme:light dark;--ink:#1b1b2f;--soft:#5d5d74;--line:#d8d8e6;--paper:#fff;--back:#f4f3fb}
@media(prefers-color-scheme:dark){:root{--ink:#ececf6;--soft:#a7a7bd;--line:#3a3a52;--paper:#1b1b2b;--back:#12121d}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:27rem;margin:8vh auto 0;padding:1rem}
.brand{font-weight:650;color:var(--soft);margin:0 0 .5rem}
h1{font-size:1.5rem;margin:0 0 .25rem}
p{color:var(--soft);margin:0 0 1.25rem}
button{display:block;width:100%;text-align:left;font:inherit;color:inherit;background:var(--paper);border:1px solid var(--line);border-radius:12px;padding:.8rem 1rem;margin:0 0 .7rem;cursor:pointer}
button span{display:block;color:var(--soft);font-size:.9rem}
button:hover,button:focus-visible{border-color:#6c5ce7;outline:2px solid #6c5ce7;outline-offset:1px}
button.none{background:none;border-color:transparent;text-align:center}
`;
