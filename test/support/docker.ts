import { spawnSync } from 'node:child_process';
import type { TestStack } from './stack.ts';

/** Runs the engine's client; throws with what it said when it fails. */
export function docker(stack: TestStack, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('docker', args, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: '/nonexistent', DOCKER_HOST: `unix://${stack.engine.socket}` },
  });
  if (status !== 0) throw new Error(`docker ${args[0]}: ${stderr.trim()}`);
  return stdout.trim();
}

/** What the engine knows of a container, as far as tests ask. */
export interface Container {
  Name: string;
  Image: string;
  State: { Pid: number; Health?: { Status: string } };
  RestartCount: number;
  Config: { User: string; Env: string[]; Image: string };
  HostConfig: {
    ReadonlyRootfs: boolean;
    CapDrop: string[];
    CapAdd: string[] | null;
    Privileged: boolean;
    SecurityOpt: string[];
    Memory: number;
    MemorySwap: number;
    NanoCpus: number;
    PidsLimit: number;
    Dns: string[];
    PortBindings: Record<string, unknown> | null;
    RestartPolicy: { Name: string };
    LogConfig: { Type: string; Config: Record<string, string> };
    Tmpfs: Record<string, string> | null;
  };
  Mounts: { Type: string; Destination: string; RW: boolean }[];
  NetworkSettings: { Networks: Record<string, { IPAddress: string; Gateway: string }> };
}

/** clamd's socket, which only root finds from here: in what its container sees. */
export function clamdSocket(stack: TestStack): string {
  return `/proc/${coreContainers(stack).get('clamav')!.State.Pid}/root/run/clamd/clamd.sock`;
}

/** Every container of the core stack, by the name of its service. */
export function coreContainers(stack: TestStack): Map<string, Container> {
  const ids = docker(stack, 'ps', '--quiet', '--filter', 'label=com.docker.compose.project=frostbyte').split('\n');
  const found = JSON.parse(docker(stack, 'inspect', ...ids)) as Container[];
  return new Map(found.map((one) => [/^\/frostbyte-(.+)-\d+$/.exec(one.Name)![1]!, one]));
}
