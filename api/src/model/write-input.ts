import type { InputFieldMap } from '@pothos/core';
import { builder, type Types } from './builder.ts';
import { aboutField, type Field } from './field.ts';
import type { Model } from './model.ts';
import { mutationIdKeptHours } from './mutation-claim.ts';
import { enumerationType } from './object-type.ts';

type InputFieldBuilder = PothosSchemaTypes.InputFieldBuilder<Types, 'InputObject'>;

const mutationIdDescription = `A UUID made by the client. Sent again with it within ${mutationIdKeptHours} hours, the mutation writes nothing and answers the same; with another input it is BAD_USER_INPUT.`;
const expectedVersionDescription = 'When given and not the current one: a conflict, and nothing is written.';

/** `CreateTaskInput` */
export function addCreateInput(model: Model) {
  const fields = Object.entries({ ...model.fields, ...model.createOnly });
  return builder.inputType(`Create${model.name}Input`, {
    fields: (t) => {
      const inputs: InputFieldMap = {
        id: t.field({
          type: 'UUID',
          description: 'Made by the client, so that it can show the row before the answer comes.',
        }),
      };
      for (const [name, field] of fields)
        if (field.create !== undefined) inputs[name] = inputField(t, field, field.create === 'required');
      return { ...inputs, mutationId: t.field({ type: 'UUID', description: mutationIdDescription }) };
    },
  });
}

/** `UpdateTaskInput` */
export function addUpdateInput(model: Model) {
  const fields = Object.entries(model.fields).filter(([, field]) => field.update === true);
  return builder.inputType(`Update${model.name}Input`, {
    description:
      'A field that is absent stays; null clears it, or is a ValidationError where the field cannot be null.',
    fields: (t) => ({
      id: t.id({ required: true }),
      expectedVersion: t.int({ description: expectedVersionDescription }),
      ...Object.fromEntries(fields.map(([name, field]) => [name, inputField(t, field, false)])),
      mutationId: t.field({ type: 'UUID', description: mutationIdDescription }),
    }),
  });
}

/** `DeleteTaskInput` */
export function addDeleteInput(model: Model) {
  return builder.inputType(`Delete${model.name}Input`, {
    fields: (t) => ({
      id: t.id({ required: true }),
      expectedVersion: t.int({ description: expectedVersionDescription }),
      mutationId: t.field({ type: 'UUID', description: mutationIdDescription }),
    }),
  });
}

function inputField(t: InputFieldBuilder, field: Field, required: boolean) {
  const about = aboutField(field);
  switch (field.kind) {
    case 'text':
      return t.string({ required, ...about });
    case 'integer':
      return t.int({ required, ...about });
    case 'boolean':
      return t.boolean({ required, ...about });
    case 'dateTime':
      return t.field({ type: 'DateTime', required, ...about });
    case 'enumeration':
      return t.field({ type: enumerationType(field.type), required, ...about });
    case 'uuid':
    case 'reference':
      return t.id({ required, ...about });
  }
}
