import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const target = process.env['API_URL'] ?? 'http://localhost:4000';

/** The page and the API have one origin, in development as behind a proxy in production: no CORS, no address to configure. */
export default defineConfig({
  plugins: [react()],
  server: { proxy: { '/graphql': { target, ws: true } } },
});
