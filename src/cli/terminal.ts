import picocolors from "picocolors";

export type Colors = ReturnType<typeof picocolors.createColors>;

/** One of the two streams a command writes to. */
export interface Channel {
  readonly write: (text: string) => void;
  readonly isTty: boolean;
  readonly columns: number;
  readonly colors: Colors;
}

/** Data goes to `out`; everything that is said about it goes to `err`. */
export interface Terminal {
  readonly out: Channel;
  readonly err: Channel;
}

/** What of a stream matters here: `process.stdout` is one. */
export interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
}

const usualColumns = 80;

export function createTerminal(
  streams: { readonly out: Stream; readonly err: Stream },
  environment: NodeJS.ProcessEnv,
  colorless: boolean,
): Terminal {
  const channel = (stream: Stream): Channel => {
    const isTty = stream.isTTY === true;
    const colored = !colorless && wantsColor(environment, isTty);
    return {
      write: (text) => {
        stream.write(text);
      },
      isTty,
      columns: stream.columns ?? usualColumns,
      colors: picocolors.createColors(colored),
    };
  };
  return { out: channel(streams.out), err: channel(streams.err) };
}

/** How help is laid out on standard output. */
export function styleOf({ out }: Terminal): Pick<Channel, "columns" | "colors"> {
  return { columns: out.columns, colors: out.colors };
}

/** no-color.org first, then the variables that force colour, then whether anybody would see it. */
export function wantsColor(environment: NodeJS.ProcessEnv, isTty: boolean): boolean {
  if (isSet(environment["NO_COLOR"])) return false;
  const forced = environment["FORCE_COLOR"];
  if (isSet(forced)) return forced !== "0" && forced !== "false";
  if (isSet(environment["CLICOLOR_FORCE"]) && environment["CLICOLOR_FORCE"] !== "0") return true;
  return isTty && environment["TERM"] !== "dumb";
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}
