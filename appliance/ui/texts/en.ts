import type { Role } from '../../kernel/identity.ts';

/** Every text of the pages, in English: the form that the other languages must fill, so that a missing text is a type error. */
export const en = {
  languageName: 'English',
  skip: 'Skip to content',
  mainNavigation: 'Main',
  language: 'Language',
  home: 'Home',
  signOut: 'Sign out',
  signedInAs: 'Signed in as',
  offline: 'This appliance is offline. What is sent to it stays on it.',
  copy: 'Copy',
  copied: 'Copied',
  back: 'Back',
  needsScript: 'This part of the page needs JavaScript.',
  roles: {
    tenant_user: 'tenant user',
    tenant_admin: 'tenant administrator',
    admin: 'administrator',
    auditor: 'auditor',
  } as Record<Role, string>,
  signIn: {
    title: 'Sign in',
    byPassword: 'With user name and password',
    byCode: 'With a one-time code',
    username: 'User name',
    password: 'Password',
    code: 'One-time code',
    codeHint: 'Five groups of five letters and digits; it counts once and within minutes.',
    noAccount: 'No user name and no code? Whoever looks after the appliance makes one there:',
    signedOut: 'You are signed out.',
    ended: 'Your session is over. Sign in to go on.',
  },
  welcome: {
    title: (subject: string) => `Welcome, ${subject}`,
    roleSays: (role: string) => `You are signed in as ${role}.`,
    roleSaysOf: (role: string, tenant: string) => `You are signed in as ${role} of ${tenant}.`,
    reference: 'API reference',
    referenceSays: 'Every route, what it takes and what it answers.',
    commands: 'On the command line',
    commandsSay:
      'What your role may do besides, frostbyte does in a terminal; each command has an example in its help.',
  },
  errors: {
    title: 'This did not work',
    notFound: 'There is no such page',
    notFoundSays: 'The address leads nowhere here.',
    mend: 'What to do',
    request: 'Request',
    retryIn: (seconds: number) => `Try again in ${seconds} s.`,
    field: 'Field',
    constraint: 'Rule',
    mends: {
      VALIDATION_ERROR: 'Correct what is named below and send it again.',
      AUTHENTICATION_REQUIRED: 'Sign in.',
      TOKEN_EXPIRED: 'Sign in again.',
      TOKEN_REVOKED: 'Sign in again. If that is refused, ask whoever looks after the appliance.',
      INSUFFICIENT_PERMISSIONS: 'Ask whoever looks after the appliance, if you need this.',
      TENANT_SUSPENDED: 'Ask the platform owner. Nothing was deleted; an administrator can resume the tenant.',
      RESOURCE_NOT_FOUND: 'Check the address, or find it again from its list.',
      INVALID_STATE_TRANSITION: 'Load the page again: it has changed meanwhile.',
      RATE_LIMIT_EXCEEDED: 'Wait a moment, then repeat it.',
      SERVICE_UNAVAILABLE: 'Try again in a moment. What was accepted is kept.',
      INTERNAL_ERROR: 'Give the request’s number to whoever looks after the appliance.',
    } as Record<string, string>,
    anyMend: 'Go back and try it again; if it stays so, ask whoever looks after the appliance.',
  },
};

/** The form of the catalogue. */
export type Texts = typeof en;
