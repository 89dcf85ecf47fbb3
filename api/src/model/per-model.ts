import type { Model } from './model.ts';

/** Makes something once a model, when it is first asked for. */
export function perModel<Made>(make: (model: Model) => Made): (model: Model) => Made {
  const byModel = new Map<Model, Made>();
  return (model) => {
    const known = byModel.get(model);
    if (known !== undefined) return known;
    const made = make(model);
    byModel.set(model, made);
    return made;
  };
}
