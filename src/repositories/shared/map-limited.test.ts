import { expect, it } from "vitest";
import { mapLimited } from "./map-limited.ts";

it("keeps the order and never has more under way than it may", async () => {
  let underWay = 0;
  let most = 0;
  const results = await mapLimited([5, 1, 4, 2, 3], 2, async (item) => {
    underWay++;
    most = Math.max(most, underWay);
    for (let turn = 0; turn < item; turn++) await Promise.resolve();
    underWay--;
    return item * 10;
  });
  expect(results).toEqual([50, 10, 40, 20, 30]);
  expect(most).toBe(2);
});

it("fails as soon as one does", async () => {
  await expect(mapLimited([1, 2], 2, (item) => Promise.reject(new Error(String(item))))).rejects.toThrow("1");
});
