import { useFormStatus } from 'react-dom';

/** The button of a form. It cannot be pressed while what the form has started is under way. */
export function Submit({ children }: { readonly children: string }) {
  const { pending } = useFormStatus();
  return (
    <button type="submit" disabled={pending}>
      {children}
    </button>
  );
}
