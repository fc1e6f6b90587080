/** What is tried from inside a container's network, and what came of it. */
export interface ProbeTry {
  way: 'tcp' | 'udp' | 'dns' | 'icmp';
  host: string;
  /** 0 where there is none. */
  port: number;
  /** What is sent, or asked for: whoever hears it knows which try it was. */
  token: string;
}

export interface ProbeAnswer extends ProbeTry {
  reached: boolean;
  /** How it ended: a system's code, `silent` for no answer, `NO_TOOL` where nothing here can send it. */
  said: string;
}

export const WAYS: readonly ProbeTry['way'][] = ['tcp', 'udp', 'dns', 'icmp'];

/** A try as people read it. */
export const inWords = ({ way, host, port }: ProbeTry): string =>
  `${way.toUpperCase()} to ${host}${port === 0 || way === 'dns' ? '' : ` port ${port}`}`;
