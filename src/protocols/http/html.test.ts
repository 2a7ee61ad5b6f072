import { expect, it } from "vitest";
import { html } from "./html.ts";

it("escapes every value", () => {
  const nasty = `<script>alert("1" + '2') && x</script>`;
  expect(html`<p title="${nasty}">${nasty}</p>`.text).toBe(
    '<p title="&lt;script&gt;alert(&quot;1&quot; + &#39;2&#39;) &amp;&amp; x&lt;/script&gt;">' +
      "&lt;script&gt;alert(&quot;1&quot; + &#39;2&#39;) &amp;&amp; x&lt;/script&gt;</p>",
  );
});

it("takes HTML as it is, lists of it one after the other, and null for nothing", () => {
  const items = ["a", "<b>"].map((name) => html`<li>${name}</li>`);
  expect(html`<ul>${items}</ul>${null}${3}`.text).toBe("<ul><li>a</li><li>&lt;b&gt;</li></ul>3");
});
