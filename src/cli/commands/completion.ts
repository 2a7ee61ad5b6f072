import { completionScripts, completionShells } from "../completion/scripts.ts";
import { exitCodes } from "../exit-codes.ts";
import { defineCommand } from "../framework/command.ts";
import { oneOf } from "../framework/option.ts";

export const completion = defineCommand({
  description:
    "Completes commands, options, their values, folders, and the names of the models of a running server.",
  examples: [
    { line: "completion bash >> ~/.bashrc", note: "for every new shell" },
    { line: "completion zsh > ~/.zfunc/_hostler", note: "any folder on $fpath does" },
    { line: "completion fish > ~/.config/fish/completions/hostler.fish", note: "" },
  ],
  arguments: {
    shell: oneOf({ name: "SHELL", help: "the shell to complete for", choices: completionShells }),
  },
  options: {},
  run: ({ shell }, { terminal }) => {
    terminal.out.write(completionScripts[shell]);
    return Promise.resolve(exitCodes.ok);
  },
});
