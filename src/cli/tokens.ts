/**
 * About how many tokens a text of JSON and English costs a model: an estimate of OpenAI's o200k_base, whose own table would be
 * megabytes. Words (parts of camelCase ones alone), the long ones among them, runs of punctuation and their length, and groups of
 * digits each cost what a fit over tool lists of three APIs gave: 2 % off at most over a whole list, 5 % over nearly every tool. Other models
 * count otherwise, by a quarter more or less.
 */
export function estimatedTokens(text: string): number {
  let tokens = 0;
  for (const [part] of text.matchAll(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d{1,3}|[^\sA-Za-z\d]+/g)) {
    if (/^[A-Za-z]/.test(part)) tokens += part.length > longWord ? 1.219 : 0.966;
    else if (/^\d/.test(part)) tokens += 0.959;
    else tokens += 0.213 + 0.326 * part.length;
  }
  return Math.round(tokens);
}

/** Letters from which on a word is likely to be two tokens. */
const longWord = 9;
