import { type ASTVisitor, GraphQLError, type ValidationContext } from 'graphql';

/**
 * What a subscription follows does not depend on variables: one that skips its field would follow nothing.
 *
 * @see https://spec.graphql.org/September2025/#sec-Single-Root-Field
 */
export function UnconditionalSubscriptionRule(context: ValidationContext): ASTVisitor {
  const subscriptionType = context.getSchema().getSubscriptionType();
  return {
    Directive(node) {
      const isConditional = node.name.value === 'skip' || node.name.value === 'include';
      if (!isConditional || subscriptionType == null || context.getParentType() !== subscriptionType) return;
      const message = 'The field of a subscription cannot be skipped: it may have no `@skip` and no `@include`.';
      context.reportError(new GraphQLError(message, { nodes: node }));
    },
  };
}
