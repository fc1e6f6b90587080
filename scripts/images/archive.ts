/** Turns a root file system into an image that an engine can load: blobs by their digest, and the list that names them. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Recipe } from './recipe.ts';
import { SOURCE_DATE_EPOCH } from './root-file-system.ts';

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
const NANOSECONDS = 1_000_000_000;

/** The name that an image has on every box: private, so that no registry is ever asked for it (spec 7). */
export function imageTag(name: string, release: string): string {
  return `frostbyte.local/${name}:${release}`;
}

/**
 * Writes configuration and list into `folder`, beside the layers in `blobs/sha256/*`, and `manifest.json`: a tar of it is
 * what `docker load` takes. Gives the image id, which on the classic store is the digest of the configuration.
 */
export function writeImage(recipe: Recipe, layers: readonly string[], folder: string, release: string): string {
  const config = JSON.stringify(configuration(recipe, layers));
  const id = createHash('sha256').update(config).digest('hex');
  writeFileSync(join(folder, 'blobs/sha256', id), config);
  const list = [
    {
      Config: `blobs/sha256/${id}`,
      RepoTags: [imageTag(recipe.name, release)],
      Layers: layers.map((layer) => `blobs/sha256/${layer}`),
    },
  ];
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(list));
  return `sha256:${id}`;
}

/** A layer is a tar: sorted entries, numbers for owners, one date: the same files give the same bytes. */
export function writeLayer(root: string, to: string): void {
  execFileSync('tar', [
    '--create',
    `--file=${to}`,
    `--directory=${root}`,
    '--sort=name',
    '--numeric-owner',
    '--format=posix',
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
    `--mtime=@${SOURCE_DATE_EPOCH}`,
    '--clamp-mtime',
    '.',
  ]);
}

function configuration(recipe: Recipe, layers: readonly string[]) {
  const { entrypoint, command, env, health, user } = recipe;
  const created = new Date(SOURCE_DATE_EPOCH * 1000).toISOString();
  return {
    architecture: ARCHITECTURES[process.arch],
    os: 'linux',
    created,
    config: {
      User: `${user.id}:${user.id}`,
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin', ...pairs(env)],
      Entrypoint: entrypoint,
      Cmd: command,
      WorkingDir: '/',
      StopSignal: recipe.stop_signal,
      Healthcheck: {
        Test: ['CMD', ...health.command],
        Interval: health.every_seconds * NANOSECONDS,
        Timeout: health.timeout_seconds * NANOSECONDS,
        StartPeriod: health.start_seconds * NANOSECONDS,
        Retries: health.retries,
      },
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${layer}`) },
    history: layers.map(() => ({ created, created_by: `images/${recipe.name}` })),
  };
}

function pairs(env: Readonly<Record<string, string>>): string[] {
  return Object.keys(env)
    .sort()
    .map((name) => `${name}=${env[name]}`);
}

export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
