/**
 * The page at /: a handful of files of the dashboard, read once and served as they are. They are open, since they hold
 * nothing; everything that they show comes from data routes, which want the token.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { FastifyInstance } from 'fastify';

// uPlot is a dependency of the dashboard, which draws with it; that is where it is looked up.
const dashboard = createRequire(import.meta.resolve('@skewbed/dashboard/view.ts'));

const FILES = [
  { url: '/', file: './page/index.html', type: 'text/html; charset=utf-8' },
  { url: '/page/page.js', file: './page/page.js', type: 'text/javascript; charset=utf-8' },
  { url: '/page/page.css', file: './page/page.css', type: 'text/css; charset=utf-8' },
  { url: '/page/clock-chart.js', file: './browser/clock-chart.js', type: 'text/javascript; charset=utf-8' },
  { url: '/page/uplot.js', file: 'uplot/dist/uPlot.iife.min.js', type: 'text/javascript; charset=utf-8' },
  { url: '/page/uplot.css', file: 'uplot/dist/uPlot.min.css', type: 'text/css; charset=utf-8' },
] as const;

/** Nothing from elsewhere, nothing written into the page, no frame around it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export function addPage(server: FastifyInstance): void {
  for (const { url, file, type } of FILES) {
    const text = readFileSync(dashboard.resolve(file), 'utf8');
    server.get(url, { config: { open: true }, schema: { hide: true } }, async (_request, reply) =>
      reply.type(type).header('content-security-policy', POLICY).send(text),
    );
  }
}
