import SchemaBuilder, { BasePlugin, type SchemaTypes } from '@pothos/core';
import { PothosComplexityPlugin } from '@pothos/plugin-complexity';
import type { GraphQLFieldResolver } from 'graphql';

type Resolver<Types extends SchemaTypes> = GraphQLFieldResolver<unknown, Types['Context'], object>;

/**
 * Pothos's complexity plugin counts an operation when its first field resolves. A subscription has started by then: one over the
 * limits would run on, each of its frames an error. This counts it before it starts.
 */
class SubscriptionLimitsPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  readonly #complexity = new PothosComplexityPlugin<Types>(this.buildCache, 'complexity');

  override wrapSubscribe(subscribe: Resolver<Types> | undefined): Resolver<Types> | undefined {
    if (subscribe === undefined) return undefined;
    return (parent, args, context, info) => {
      this.#complexity.checkComplexity(context, info);
      return subscribe(parent, args, context, info);
    };
  }
}

declare global {
  namespace PothosSchemaTypes {
    interface Plugins<Types extends SchemaTypes> {
      subscriptionLimits: SubscriptionLimitsPlugin<Types>;
    }
  }
}
SchemaBuilder.registerPlugin('subscriptionLimits', SubscriptionLimitsPlugin);
