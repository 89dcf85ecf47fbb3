import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const target = process.env['API_URL'] ?? 'http://localhost:4000';

/** The page and the API have one origin, in development as behind a proxy in production: no CORS, no address to configure. */
export default defineConfig({
  plugins: [react()],
  // What components share, in a file of its own: a test mounts the app a second time, on the same client.
  build: { rolldownOptions: { input: ['index.html', 'src/use-rows.ts'] } },
  server: { proxy: { '/graphql': { target, ws: true } } },
});
