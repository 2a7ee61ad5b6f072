import { groupsOfWords, switchedOn, text, threeState, words } from "../grammar/flag.ts";

/** Flags that several verbs share, in the words of Azure's command line. */

export const nameOfEndpoint = { names: ["--name", "-n"], help: "Name of the online endpoint" };
export const nameOfDeployment = { names: ["--name", "-n"], help: "Name of the deployment" };
export const endpointOfDeployment = {
  names: ["--endpoint-name", "-e"],
  help: "Name of the online endpoint",
};

export const local = threeState({ names: ["--local"], help: "Taken and ignored: everything is local here" });
export const noWait = switchedOn({ names: ["--no-wait"], help: "Do not wait until it is done" });
export const yes = switchedOn({ names: ["--yes", "-y"], help: "Do not ask whether it is meant" });

export const file = text({
  names: ["--file", "-f"],
  help: "YAML file with the specification; - reads standard input",
  completes: "file",
});

/** For `create`: texts, put into the file before it is read. */
export const set = words({
  names: ["--set"],
  help: "Change a value of the specification, as --set instance_count=2 request_settings.request_timeout_ms=9000",
});

export const variables = words({
  names: ["--var"],
  help: "What ${NAME} or {{NAME}} in the file stands for, as --var NAME=VALUE; else the environment says it",
  isExtra: true,
});

/** For `update`: the generic update of Azure's command line. */
export const edits = {
  set: groupsOfWords({
    names: ["--set"],
    help: "Change a value: --set tags.stage=prod, --set list[0].key=value",
  }),
  add: groupsOfWords({
    names: ["--add"],
    help: "Add to a list: --add path.to.list KEY=VALUE, or a text or JSON",
  }),
  remove: groupsOfWords({
    names: ["--remove"],
    help: "Remove a property, or an item of a list: --remove path.to.list INDEX",
  }),
  forceString: switchedOn({
    names: ["--force-string"],
    help: "With --set and --add: take values as text, not as JSON",
  }),
};

/** Shows something in a browser that does not exist here. */
export const web = switchedOn({ names: ["--web"], help: "Taken and ignored", isHidden: true });
export const webOfEndpoint = switchedOn({
  names: ["--web", "-e"],
  help: "Taken and ignored",
  isHidden: true,
});

export const location = text({
  names: ["--location", "-l"],
  help: "Taken and ignored: everything is on this machine",
  isExtra: true,
});

export const registryName = text({
  names: ["--registry-name"],
  help: "Taken and ignored: assets are kept by the control plane",
  isHidden: true,
});
export const datastore = text({ names: ["--datastore"], help: "Taken and ignored", isHidden: true });
