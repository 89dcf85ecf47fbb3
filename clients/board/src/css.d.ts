/** Vite takes style sheets out of the imports and puts them on the page. */
declare module '*.css';
