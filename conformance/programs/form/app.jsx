// Backstage's own app with the scaffolder's pages, without a sign-in. Its backend is the server that it comes from.
import '@backstage/ui/css/styles.css';
import { ConfigReader } from '@backstage/config';
import { createApp } from '@backstage/frontend-defaults';
import catalogPlugin from '@backstage/plugin-catalog/alpha';
import scaffolderPlugin from '@backstage/plugin-scaffolder/alpha';
import { createRoot } from 'react-dom/client';

const config = new ConfigReader({
  app: { title: 'Audit', baseUrl: location.origin, extensions: [{ 'sign-in-page:app': false }] },
  backend: { baseUrl: location.origin },
  auth: {},
  integrations: { github: [{ host: 'github.com' }] },
});
const app = createApp({
  features: [scaffolderPlugin, catalogPlugin],
  advanced: { configLoader: async () => ({ config }) },
});
createRoot(document.getElementById('root')).render(app.createRoot());
