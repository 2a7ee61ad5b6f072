/** The style of the index page. Part of the page, so that it needs no second request; its hash is in the page's policy. */
export const indexStyle = `
:root {
  color-scheme: light dark;
  --ink: #1c1f24; --dim: #666e7a; --paper: #fbfbfa; --card: #fff; --line: #e4e5e7; --link: #0b62c4;
  --good: #1a7f4b; --wait: #a06a00; --bad: #c22f2f; --rest: #8a919c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e4e6ea; --dim: #9aa1ad; --paper: #14161a; --card: #1b1e23; --line: #2d3138; --link: #7cb3ff;
    --good: #4cc38a; --wait: #e0a83c; --bad: #ff7b72; --rest: #7d8590;
  }
}
* { box-sizing: border-box }
body {
  margin: 0 auto; max-width: 68rem; padding: 2.5rem 1.25rem 4rem;
  background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1.5rem; margin-bottom: 1.75rem }
h1 { margin: 0; font-size: 1.5rem; letter-spacing: -.01em }
h1 small, .dim { color: var(--dim); font-weight: 400 }
h1 small { font-size: .9rem; margin-left: .4rem }
h2 { margin: 2.25rem 0 .75rem; font-size: 1.05rem }
nav { display: flex; gap: 1.1rem }
a { color: var(--link); text-decoration: none }
a:hover, a:focus-visible { text-decoration: underline }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow-x: auto }
table { width: 100%; border-collapse: collapse }
th, td { padding: .6rem .9rem; text-align: left; vertical-align: top; white-space: nowrap }
th { color: var(--dim); font-size: .8rem; font-weight: 500; border-bottom: 1px solid var(--line) }
tr + tr td { border-top: 1px solid var(--line) }
.number { text-align: right; font-variant-numeric: tabular-nums }
.name { font-weight: 600 }
.tag { margin-left: .4rem; padding: .05rem .45rem; border: 1px solid var(--line); border-radius: 99px; font-size: .75rem; font-weight: 400; color: var(--dim) }
.state::before { content: ""; display: inline-block; width: .55rem; height: .55rem; margin-right: .5rem; border-radius: 50%; background: var(--rest) }
.ready::before { background: var(--good) }
.loading::before, .draining::before, .unloading::before { background: var(--wait) }
.failed::before { background: var(--bad) }
.reason { max-width: 34rem; white-space: normal; overflow-wrap: anywhere; color: var(--bad); font-size: .87rem }
.links a + a { margin-left: .8rem }
dl { margin: 0; padding: .9rem }
dt { font-weight: 600 }
dd { margin: .1rem 0 1rem; overflow-wrap: anywhere }
dd:last-child { margin-bottom: 0 }
code { font: .87em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
.empty { margin: 0; padding: 1.4rem .9rem }
`;
