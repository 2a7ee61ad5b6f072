import { describe, expect, it } from "vitest";
import type { Json } from "../../contracts/parameters.ts";
import {
  booleanField,
  bytesField,
  type Decoder,
  durationField,
  integerField,
  numberField,
  textField,
  textsField,
} from "./decoders.ts";

/** What pydantic 2 makes of each value for a field of this type; undefined where it refuses. */
function cases(decoder: Decoder<unknown>, table: readonly (readonly [Json, unknown])[]): void {
  it.each(table)("takes %j for %j", (raw, value) => {
    expect(decoder.decode(raw)).toEqual(value);
  });
}

describe("booleanField", () => {
  cases(booleanField, [
    [true, true],
    [1, true],
    [0, false],
    ["true", true],
    ["YES", true],
    ["t", true],
    ["on", true],
    ["1", true],
    ["False", false],
    ["n", false],
    ["off", false],
    ["0", false],
    [" true ", undefined],
    ["", undefined],
    ["2", undefined],
    [2, undefined],
    [null, undefined],
    [[], undefined],
  ]);
});

describe("integerField", () => {
  cases(integerField, [
    [8080, 8080],
    ["8080", 8080],
    [" 8080 ", 8080],
    ["8_080", 8080],
    ["8080.0", 8080],
    ["-1", -1],
    [8080.5, undefined],
    ["8080.5", undefined],
    [true, 1],
    ["1e3", undefined],
    ["0x10", undefined],
    ["", undefined],
    [null, undefined],
    [1e20, undefined],
  ]);
});

describe("numberField", () => {
  cases(numberField, [
    [0.4, 0.4],
    ["0.4", 0.4],
    [".5", 0.5],
    ["1e-3", 0.001],
    ["", undefined],
    ["x", undefined],
    [null, undefined],
  ]);
});

describe("textField and textsField", () => {
  cases(textField, [
    ["x", "x"],
    ["", ""],
    [5, undefined],
    [true, undefined],
    [null, undefined],
  ]);
  cases(textsField, [
    [["a"], ["a"]],
    [[], []],
    ["a", undefined],
    [[1], undefined],
    [{}, undefined],
  ]);
});

describe("bytesField", () => {
  cases(bytesField, [
    [1024, 1024],
    ["1024", 1024],
    ["1KiB", 1024],
    ["512Mi", 512 * 1024 ** 2],
    ["1.5 GiB", 1.5 * 1024 ** 3],
    ["2GB", 2e9],
    ["2G", 2e9],
    ["2g", 2e9],
    ["1TB", 1e12],
    ["10 B", 10],
    ["-1", undefined],
    ["1 parsec", undefined],
    ["1 constructor", undefined],
    ["GiB", undefined],
    ["", undefined],
    [null, undefined],
  ]);
});

describe("durationField", () => {
  cases(durationField, [
    [5, 5000],
    ["5", 5000],
    ["0.5", 500],
    ["500ms", 500],
    ["20s", 20_000],
    ["5m", 300_000],
    ["1h", 3_600_000],
    ["-1s", undefined],
    ["soon", undefined],
    [true, undefined],
  ]);
});
