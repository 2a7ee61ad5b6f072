/** A JSON value, as V2 parameters and settings carry it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** V2 `parameters`. The protocol says flat, its clients nest: unknown keys and values are kept. */
export type Parameters = Readonly<Record<string, Json>>;
