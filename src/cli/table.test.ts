import { expect, test } from "vitest";
import { type Column, formatFields, formatTable } from "./table.ts";

interface Row {
  readonly name: string;
  readonly size: string;
}

const columns: readonly Column<Row>[] = [
  { title: "NAME", cell: ({ name }) => name },
  { title: "SIZE", align: "right", cell: ({ size }) => size },
];

test("columns are as wide as their widest cell, and no line ends in blanks", () => {
  const text = formatTable(columns, [
    { name: "mnist-svm", size: "7 KiB" },
    { name: "a", size: "120 MiB" },
  ]);
  expect(text).toBe("NAME           SIZE\nmnist-svm     7 KiB\na           120 MiB\n");
});

test("an empty table is its header", () => {
  expect(formatTable(columns, [])).toBe("NAME   SIZE\n");
});

test("colour does not count as width", () => {
  const painted: readonly Column<Row>[] = [
    { title: "NAME", cell: ({ name }) => name, paint: (text) => `\u001B[31m${text}\u001B[39m` },
    { title: "SIZE", cell: ({ size }) => size },
  ];
  expect(formatTable(painted, [{ name: "ab", size: "1" }])).toBe(
    "NAME   SIZE\n\u001B[31mab\u001B[39m     1\n",
  );
});

test("a cell cannot start a line of its own or move the cursor", () => {
  const text = formatTable(columns, [{ name: "a\nb\u001B[2J", size: "1" }]);
  expect(text).toBe("NAME      SIZE\na b\u{FFFD}[2J      1\n");
});

test("code points count, not code units", () => {
  const text = formatTable(columns, [{ name: "😀😀😀😀😀", size: "1" }]);
  expect(text.split("\n")[0]).toBe("NAME    SIZE");
});

test("fields stand in two columns, only the value is painted", () => {
  expect(
    formatFields(
      [
        ["Name", "x"],
        ["Load time", "3 ms"],
      ],
      (value) => `<${value}>`,
    ),
  ).toBe("Name        <x>\nLoad time   <3 ms>\n");
});
