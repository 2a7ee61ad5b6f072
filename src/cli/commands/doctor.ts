import type { Finding } from "../doctor/finding.ts";
import { exitCodes } from "../exit-codes.ts";
import { defineCommand } from "../framework/command.ts";
import { integer, text, textOr } from "../framework/option.ts";
import { outputOption, serialize } from "../output.ts";
import { printable } from "../printable.ts";
import type { Colors } from "../terminal.ts";

const port = { least: 0, most: 65_535 } as const;

export const doctor = defineCommand({
  description:
    "Looks at everything that serving needs and changes nothing. Ends with 1 if something does not work.",
  examples: [
    { line: "doctor", note: "what works, what does not, and what to do about it" },
    { line: "doctor --python .venv/bin/python", note: "with another Python" },
    { line: "doctor -o json", note: "for a program or a bug report" },
  ],
  arguments: {},
  options: {
    python: text({ flags: "--python <interpreter>", help: "Python to look at", note: "env HOSTLER_PYTHON" }),
    host: textOr({ flags: "--host <address>", help: "address to listen on", fallback: "127.0.0.1" }),
    port: integer({ flags: "--port <port>", help: "port for REST", fallback: 8080, ...port }),
    metricsPort: integer({
      flags: "--metrics-port <port>",
      help: "port for metrics",
      fallback: 8082,
      ...port,
    }),
    output: outputOption,
  },
  run: async ({ python = null, host, output, ...ports }, { terminal, environment }) => {
    const { examine } = await import("../doctor/examine.ts");
    const findings = await examine({
      python,
      host,
      ports: [
        { name: "REST", flag: "--port", port: ports.port },
        { name: "metrics", flag: "--metrics-port", port: ports.metricsPort },
      ],
      environment,
    });
    const isWell = findings.every(({ level }) => level !== "problem");
    terminal.out.write(
      output === "table"
        ? formatFindings(findings, terminal.out.colors)
        : await serialize({ ok: isWell, findings }, output),
    );
    return isWell ? exitCodes.ok : exitCodes.failed;
  },
});

function formatFindings(findings: readonly Finding[], colors: Colors): string {
  const marks = { ok: colors.green("✓"), warning: colors.yellow("!"), problem: colors.red("✗") } as const;
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings
    .map(({ check, level, message, fix }) => {
      const line = `${marks[level]} ${check.padEnd(width)}  ${printable(message)}\n`;
      return fix === null ? line : `${line}  ${" ".repeat(width)}  ${colors.dim(`→ ${fix}`)}\n`;
    })
    .join("");
}
