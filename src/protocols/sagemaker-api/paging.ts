import { z } from "zod";
import { ServingError } from "../../contracts/serving-error.ts";

const defaultPage = 10;
const largestPage = 100;

/** What all List operations take. Times are seconds since 1970. */
export const listSchema = z.looseObject({
  NextToken: z.string().exactOptional(),
  MaxResults: z.int().min(1).max(largestPage).exactOptional(),
  NameContains: z.string().exactOptional(),
  SortBy: z.enum(["Name", "CreationTime", "Status"]).exactOptional(),
  SortOrder: z.enum(["Ascending", "Descending"]).exactOptional(),
  CreationTimeBefore: z.number().exactOptional(),
  CreationTimeAfter: z.number().exactOptional(),
  LastModifiedTimeBefore: z.number().exactOptional(),
  LastModifiedTimeAfter: z.number().exactOptional(),
  StatusEquals: z.string().exactOptional(),
});
export type ListQuery = z.infer<typeof listSchema>;

/** What can be asked of anything in a list. Times are milliseconds since 1970. */
export interface Listed {
  readonly name: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly status: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Absent at the end. */
  readonly NextToken?: string;
}

/** @throws ServingError INVALID_REQUEST for a token of nobody's */
export function pageOf<Item>(
  all: readonly Item[],
  query: ListQuery,
  about: (item: Item) => Listed,
): Page<Item> {
  const found = all.filter((item) => fits(about(item), query)).sort(order(query, about));
  const start = query.NextToken === undefined ? 0 : placeOf(query.NextToken);
  const end = start + (query.MaxResults ?? defaultPage);
  const items = found.slice(start, end);
  return end < found.length ? { items, NextToken: tokenOf(end) } : { items };
}

function fits(item: Listed, query: ListQuery): boolean {
  const { NameContains = "", StatusEquals = item.status } = query;
  const isNamed = item.name.toLowerCase().includes(NameContains.toLowerCase());
  const wasCreated = isBetween(item.createdAt, query.CreationTimeAfter, query.CreationTimeBefore);
  const wasModified = isBetween(item.modifiedAt, query.LastModifiedTimeAfter, query.LastModifiedTimeBefore);
  return isNamed && StatusEquals === item.status && wasCreated && wasModified;
}

function isBetween(ms: number, after = -Infinity, before = Infinity): boolean {
  return ms >= after * 1000 && ms <= before * 1000;
}

function order<Item>(
  { SortBy = "CreationTime", SortOrder = "Descending" }: ListQuery,
  about: (item: Item) => Listed,
): (a: Item, b: Item) => number {
  const sign = SortOrder === "Ascending" ? 1 : -1;
  const key = ({ name, createdAt, status }: Listed): readonly [string | number, string] => {
    if (SortBy === "Name") return [name, name];
    return [SortBy === "Status" ? status : createdAt, name];
  };
  return (a, b) => {
    const [first, firstName] = key(about(a));
    const [second, secondName] = key(about(b));
    if (first !== second) return first < second ? -sign : sign;
    return firstName < secondName ? -sign : sign;
  };
}

function tokenOf(place: number): string {
  return Buffer.from(`from ${String(place)}`).toString("base64url");
}

function placeOf(token: string): number {
  const [, place] = /^from (\d{1,9})$/.exec(Buffer.from(token, "base64url").toString()) ?? [];
  if (place !== undefined) return Number(place);
  throw ServingError.invalidField("NextToken", "a token of an earlier page", token.slice(0, 80));
}
