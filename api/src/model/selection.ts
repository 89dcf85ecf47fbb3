import {
  type GraphQLCompositeType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  type OperationDefinitionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { Selection } from '../feed/follow-request.ts';
import type { Model } from './model.ts';

/** What a field says, where it is declared, of how its answer depends on who asks. Without it: not at all. */
interface Dependence {
  /** It loads rows of this model, as far as the viewer may read them. */
  readonly readsRowsOf?: Model;
  /** It knows its viewer, or his session. */
  readonly isPersonal?: boolean;
  /** It leads to a row that whoever sees this one may see. */
  readonly profile?: Profile;
}
/** A relation of this kind, as a statement can follow it. */
export interface Profile {
  readonly field: string;
  readonly from: Model;
  readonly reference: string;
  readonly to: Model;
}
type Extensions = { readonly dependence: Dependence };

/** For the `extensions` of a field that loads rows of the model, as far as the viewer may read them. */
export function readsRowsOf(model: Model): Extensions {
  return { dependence: { readsRowsOf: model } };
}

/** For the `extensions` of a field that knows its viewer, or his session. */
export const personal: Extensions = { dependence: { isPersonal: true } };

/** For the `extensions` of a relation to a profile. */
export function leadsToProfile(profile: Profile): Extensions {
  return { dependence: { profile } };
}

/** By operation, as it was parsed: one text is parsed once for all who send it. */
const profiles = new WeakMap<OperationDefinitionNode, readonly Profile[]>();

/** The profiles that an operation may ask for beside rows of the model, each once. */
export function profilesOf(model: Model, { operation, fragments, schema }: GraphQLResolveInfo): readonly Profile[] {
  let all = profiles.get(operation);
  if (all === undefined) {
    const nodes = [operation, ...Object.values(fragments)];
    all = [...new Set(nodes.flatMap((node) => dependencesIn(schema, node)).flatMap((one) => one.profile ?? []))];
    profiles.set(operation, all);
  }
  return all.filter(({ from }) => from === model);
}

/** The same. */
const known = new WeakMap<OperationDefinitionNode, Omit<Selection, 'responseName'>>();

/** What the selection of a subscription depends on. */
export function selectionOf({ operation, fragments, schema, path }: GraphQLResolveInfo): Selection {
  let dependences = known.get(operation);
  if (dependences === undefined) {
    const all = [operation, ...Object.values(fragments)].flatMap((node) => dependencesIn(schema, node));
    const models = new Set(all.flatMap((one) => one.readsRowsOf ?? []));
    dependences = { models: [...models], isPersonal: all.some((one) => one.isPersonal === true) };
    known.set(operation, dependences);
  }
  return { responseName: String(path.key), ...dependences };
}

function dependencesIn(schema: GraphQLSchema, node: Parameters<typeof visit>[0]): Dependence[] {
  const found: Dependence[] = [];
  const typeInfo = new TypeInfo(schema);
  const visitor = visitWithTypeInfo(typeInfo, {
    Field({ name }) {
      const parent = typeInfo.getParentType();
      if (parent != null) found.push(...dependencesOf(schema, parent, name.value));
    },
  });
  visit(node, visitor);
  return found;
}

/** Of a field of an interface: what any of its types say of it. */
function dependencesOf(schema: GraphQLSchema, parent: GraphQLCompositeType, field: string): Dependence[] {
  const types = isAbstractType(parent) ? [parent, ...schema.getPossibleTypes(parent)] : [parent];
  return types.flatMap((type) => {
    if (!isObjectType(type) && !isInterfaceType(type)) return [];
    return (type.getFields()[field]?.extensions as Partial<Extensions> | undefined)?.dependence ?? [];
  });
}
