import fc from "fast-check";

const unit = fc.oneof(
  fc.constantFrom("\u0000", "\n", "\r", " ", '"', "\\", "/", ".", "é", "\u2028", "\uFEFF", "\uD800", "😀"),
  fc.integer({ min: 0, max: 0x7f }).map((code) => String.fromCharCode(code)),
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
);

/** Any text that JavaScript can hold, halves of characters included, and often what means something somewhere. */
export const anyText = fc.string({ unit });
