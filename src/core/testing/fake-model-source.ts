import type { ModelSpec } from "../models/model-spec.ts";
import type { ModelSource, SourceListing, SourceProblem } from "../ports/model-source.ts";

/** A repository in memory, which the test changes as an operator changes a folder. */
export class FakeModelSource implements ModelSource {
  specs: readonly ModelSpec[];
  problems: readonly SourceProblem[] = [];
  notices: readonly string[] = [];
  /** Names that were looked up. */
  readonly lookups: string[] = [];

  constructor(specs: readonly ModelSpec[] = []) {
    this.specs = specs;
  }

  list(): Promise<SourceListing> {
    return Promise.resolve({ specs: this.specs, problems: this.problems, notices: this.notices });
  }

  find(name: string): Promise<SourceListing> {
    this.lookups.push(name);
    return Promise.resolve({
      specs: this.specs.filter((spec) => spec.name === name),
      problems: this.problems.filter((problem) => problem.name === name),
      notices: [],
    });
  }
}
