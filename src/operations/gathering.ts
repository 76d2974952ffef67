import type { ToolOrigin } from "../catalog/tool.ts";
import { countThatFit, envelopeBytes, trimItem } from "./budget.ts";
import { type Place, sealCursor } from "./cursor.ts";
import { projected } from "./fields.ts";
import { withNotes } from "./item.ts";
import type { Page } from "./paging/readPage.ts";
import type { Arguments, Output, StepContext } from "./steps.ts";

/** The items of one answer while pages come in: as many whole items as limit and budget allow, and where to go on. */
export class Gathering {
  readonly items: unknown[] = [];
  readonly #notes: string[] = [];
  #total: number | undefined;
  #hasMore = false;
  #next: Place | undefined;
  #readBytes = 0;
  readonly #origin: ToolOrigin;
  readonly #args: Arguments;
  readonly #context: StepContext;
  readonly #limit: number;

  constructor(origin: ToolOrigin, args: Arguments, context: StepContext, limit: number) {
    this.#origin = origin;
    this.#args = args;
    this.#context = context;
    this.#limit = limit;
  }

  /** Takes what fits of `page`. Returns the place to read next, or undefined when the answer is complete. */
  add(page: Page, skip: number, mayReadOn: boolean): Place | undefined {
    const fresh = page.items.slice(skip).map((item) => projected(this.#origin, this.#args, item));
    const taken = this.#take(fresh, page.response.bytes);
    this.#total = page.total ?? this.#total;
    if (this.#total !== undefined && this.#total < page.seen) this.#total = undefined; // it was the length of a page
    if (taken < fresh.length) return this.#endAt(page.after(skip + taken));
    if (page.note !== undefined) this.#notes.push(page.note);
    if (page.next === undefined) return this.#end(page.more === true || page.note !== undefined);
    const isFull = this.items.length >= this.#limit && page.more === true;
    return isFull || !mayReadOn ? this.#endAt(page.next) : page.next;
  }

  /** Adds items until limit or budget is reached; returns how many. Measures only when what was read could be too much. */
  #take(fresh: readonly unknown[], bytes: number): number {
    const room = fresh.slice(0, Math.max(0, this.#limit - this.items.length));
    this.#readBytes += bytes;
    const budget = this.#context.resultBytes - envelopeBytes;
    const fits =
      this.#readBytes <= budget ? room.length : countThatFit([...this.items, ...room], budget) - this.items.length;
    if (fits < room.length && this.items.length === 0 && fits === 0) return this.#takeTrimmed(room[0], budget);
    this.items.push(...room.slice(0, fits));
    if (fits < room.length)
      this.#notes.push("Cut to the size limit of one answer: go on with nextCursor, or pick fields.");
    return fits;
  }

  #takeTrimmed(item: unknown, budget: number): number {
    const trimmed = trimItem(item, budget);
    this.items.push(trimmed.item);
    this.#notes.push(...trimmed.notes);
    return 1;
  }

  #endAt(place: Place): undefined {
    this.#next = place;
    this.#end(true);
  }

  #end(hasMore: boolean): undefined {
    this.#hasMore = hasMore;
  }

  /** Nothing was found, and there is nothing to read on for. */
  get isEmpty(): boolean {
    return this.items.length === 0 && !this.#hasMore;
  }

  /** The List's result; call it once `add` has said that it is complete. */
  output(notes: readonly string[]): Output {
    const { spec } = this.#origin;
    return {
      items: this.items,
      returnedCount: this.items.length,
      ...(this.#total === undefined ? {} : { totalCount: this.#total }),
      hasMore: this.#hasMore,
      ...(this.#next === undefined ? {} : { nextCursor: sealCursor(this.#next, spec.name, this.#args, this.#context) }),
      ...withNotes([...notes, ...this.#notes]),
    };
  }
}
