/** `#rgb` or `#rrggbb`. */
const hexColour = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i;
const standardColour = "#1f5fd0";

/** The style of every page, in the brand's colour where that is a hex colour. */
export function styleOf(colour: string | undefined): string {
  return accentOf(colour) + rules;
}

/** The brand's colour, and one that is readable on it, as properties of CSS. */
export function accentOf(colour: string | undefined): string {
  const accent = colour !== undefined && hexColour.test(colour) ? colour : standardColour;
  const onAccent = isLight(accent) ? "#10161d" : "#ffffff";
  return `:root{--accent:${accent};--on-accent:${onAccent}}`;
}

/** Relative luminance by WCAG 2.2; above this black text contrasts more than white. */
function isLight(hex: string): boolean {
  const digits = hex.length === 4 ? [...hex.slice(1)].map((one) => one + one).join("") : hex.slice(1);
  const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((at) => {
    const part = Number.parseInt(digits.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179;
}

const rules = `
:root{color-scheme:light dark;--ink:#17202b;--soft:#55616f;--line:#d9dfe6;--edge:#8592a0;--paper:#fff;--back:#f2f4f7;--well:#f6f8fa;--warn-ink:#6b4300;--warn-back:#fff6e0;--warn-line:#e8c877;--bad-ink:#8c1c13;--bad-back:#fdecea;--bad-line:#efb4ae;--good-ink:#0f5c33;--good-back:#e6f5ec}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#a3afbc;--line:#313c48;--edge:#71808f;--paper:#171e26;--back:#0e1318;--well:#1e2731;--warn-ink:#ffd98a;--warn-back:#33280f;--warn-line:#6b5521;--bad-ink:#ffb4ab;--bad-back:#3a1613;--bad-line:#7a332c;--good-ink:#8fe0b0;--good-back:#12301f}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:31rem;margin:0 auto;padding:clamp(1rem,6vh,4rem) 1rem 2rem}
.card{background:var(--paper);border:1px solid var(--line);border-radius:14px;padding:clamp(1.25rem,5vw,2rem);box-shadow:0 1px 2px rgb(0 0 0/.04),0 8px 24px rgb(0 0 0/.05)}
.brand{display:flex;align-items:center;gap:.65rem;font-weight:650;margin:0 0 1.35rem}
.mark{display:grid;place-items:center;width:2.25rem;height:2.25rem;border-radius:9px;background:var(--accent);color:var(--on-accent);font-weight:700;font-size:1.1rem;flex:none}
.brand img{height:2.25rem;max-width:11rem;display:block}
h1{font-size:1.4rem;line-height:1.25;margin:0 0 .5rem;font-weight:680;letter-spacing:-.01em;overflow-wrap:anywhere}
h2,legend{font-size:.95rem;font-weight:650;margin:0 0 .35rem;padding:0}
p{margin:0 0 .85rem}
.lead{color:var(--soft);margin-bottom:1.1rem}
a{color:inherit;text-underline-offset:.15em}
dl{margin:0 0 1.1rem;border:1px solid var(--line);border-radius:10px;background:var(--well);padding:.15rem .9rem}
dl div{display:flex;gap:.75rem;padding:.55rem 0;border-top:1px solid var(--line)}
dl div:first-child{border-top:0}
dt{flex:0 0 7.2rem;color:var(--soft);font-size:.9rem}
dd{margin:0;flex:1;min-width:0;overflow-wrap:anywhere;font-size:.95rem}
dd .note{margin:.1rem 0 0}
.tag{display:inline-block;border-radius:99px;padding:.05rem .55rem;font-size:.8rem;font-weight:600;white-space:nowrap}
.tag.good{background:var(--good-back);color:var(--good-ink)}
.tag.warn{background:var(--warn-back);color:var(--warn-ink)}
.note{color:var(--soft);font-size:.875rem}
.box{border:1px solid;border-radius:10px;padding:.7rem .9rem;margin:0 0 1.1rem;font-size:.925rem}
.box p:last-child{margin:0}
.box.warn{background:var(--warn-back);border-color:var(--warn-line);color:var(--warn-ink)}
.box.bad{background:var(--bad-back);border-color:var(--bad-line);color:var(--bad-ink)}
fieldset{border:0;margin:0 0 1.25rem;padding:0;min-width:0}
.choice{display:flex;gap:.7rem;align-items:flex-start;padding:.6rem .75rem;border:1px solid var(--line);border-radius:10px;margin:.4rem 0;cursor:pointer;overflow-wrap:anywhere}
.choice:has(:checked){border-color:var(--accent);background:var(--well)}
.choice:has(:focus-visible){outline:3px solid var(--accent);outline-offset:2px}
.choice input{width:1.15rem;height:1.15rem;margin:.18rem 0 0;accent-color:var(--accent);flex:none}
.choice span{min-width:0}
.choice small,dd small{display:block;color:var(--soft);font-size:.8rem}
label.field{display:block;font-weight:600;font-size:.925rem;margin:0 0 .3rem}
input[type=password]{width:100%;font:inherit;color:inherit;background:var(--paper);border:1px solid var(--edge);border-radius:9px;padding:.6rem .75rem;margin:0 0 .3rem}
.buttons{display:grid;grid-template-columns:1fr 1fr;gap:.7rem;margin-top:1.4rem}
.buttons.one{grid-template-columns:1fr}
button,.button{font:inherit;font-weight:650;border-radius:10px;padding:.68rem 1rem;min-height:2.85rem;cursor:pointer;border:1.5px solid var(--edge);background:var(--paper);color:var(--ink);text-align:center;text-decoration:none;width:100%;display:block}
button:hover,.button:hover{background:var(--well)}
button.main,.button.main{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}
button.main:hover{filter:brightness(1.08)}
button.link{all:unset;cursor:pointer;text-decoration:underline;text-underline-offset:.15em;font-size:.875rem;color:var(--soft)}
:is(a,button,input):focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.choice input:focus-visible{outline:0}
fieldset .note{margin:.35rem 0 0}
.or{display:flex;align-items:center;gap:.8rem;color:var(--soft);font-size:.875rem;margin:1.25rem 0}
.or::before,.or::after{content:"";height:1px;background:var(--line);flex:1}
footer{color:var(--soft);font-size:.85rem;padding:1rem .25rem 0;text-align:center}
footer p{margin:0}
@media(max-width:26rem){dl div{flex-direction:column;gap:.1rem}dt{flex:none}}
@media(forced-colors:active){.choice:has(:checked){outline:2px solid}}
@media(prefers-reduced-motion:no-preference){button{transition:background .12s,filter .12s}}
`.replaceAll("\n", "");
