#!/bin/sh
# Read to its end before any of it is done: what a shell cannot read any more of a medium that was pulled out it takes for the end.
{
# Installs Frostbyte from this bundle: verifies it with ssh-keygen and sha256sum, copies it off the medium while it verifies
# it once more, and runs the copy. Nothing on the medium is changed, and nothing of it is run before it is verified.
#
#   sh install.sh [--ui | --upgrade] [--anchor FILE | --fingerprint SHA256:…] [--allow-older] [-- OPTIONS of frostbyte install]
#
# --ui           serve the installer's pages on loopback once it is verified and copied; --ui-port N behind -- moves them
# --upgrade      put it in the place of the release that runs; the options behind -- are those of frostbyte upgrade
# --anchor       who may sign: a list with the root key, by default /etc/frostbyte/allowed_signers
# --fingerprint  the root key's, from paper or telephone, where this host has no such list yet
# --allow-older  take an older bundle than the newest that was here; needs -- --reason TEXT, and is recorded
#
# Run it again after whatever ended it: it goes on. Options of frostbyte install: --recovery-recipient age1…, --dry-run,
# --allow NAMES --reason TEXT, --subnet a.b, --port N, --progress bar|lines|json|none; frostbyte install --help has all.
# Exit code: 0 installed, 1 a check failed, 2 usage, from 10 on what is wrong with the bundle (as verify.sh).
set -u
LC_ALL=C
export LC_ALL
unset CDPATH
umask 022
anchor=/etc/frostbyte/allowed_signers fingerprint='' root='' older=no command=install

usage() { sed -n '7,13s/^# \{0,1\}//p' "$0" >&2; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    --anchor | --fingerprint | --root)
      [ $# -ge 2 ] || usage
      case $1 in
        --anchor) anchor=$2 ;;
        --fingerprint) fingerprint=$2 ;;
        # The root of the host, where its disk is mounted elsewhere.
        --root) root=${2%/} ;;
      esac
      shift 2 ;;
    --allow-older) older=yes; shift ;;
    --upgrade) command=upgrade; shift ;;
    --ui) command=installer; shift ;;
    --) shift; break ;;
    *) usage ;;
  esac
done
[ "$anchor" != /etc/frostbyte/allowed_signers ] || anchor=$root/etc/frostbyte/allowed_signers

say() { printf '%s\n' "$*" >&2; }
[ "$command$older" != upgradeyes ] || { say 'An upgrade goes to a newer release alone. frostbyte rollback goes back to the one before.'; exit 2; }
[ "$(id -u)" -eq 0 ] || { say 'install.sh must be run by root, or by sudo.'; exit 2; }
here=$(cd "$(dirname "$0")" && pwd -P) || exit 2
# What is not there of a medium that was pulled out is not missing from it.
pulled() {
  say 'BUNDLE_MEDIUM_FAILED: The medium cannot be read any more: it was pulled out, or it is damaged. Put it in again and repeat, or copy the bundle to another one.'
  exit 40
}
full() { say "DISK_FULL: The disk of $quarantine is full. Free some space and repeat."; exit 1; }
# What a tool said went wrong on this host's disk.
failed() { say "$why"; case $why in *'No space left'* | *quota*) full ;; esac; exit 1; }
# copied FROM… TO: a copy off the medium, or a refusal that says which of the two disks it was.
copied() {
  why=$(cp "$@" 2>&1) && return
  case $why in *'No space left'* | *quota*) failed ;; esac
  say "$why"
  pulled
}

# One at a time: a folder is made by one alone. One that died left its process id, and is put aside.
programs=$root/opt/frostbyte
quarantine=$programs/quarantine
why=$({ mkdir -p "$quarantine" && chmod 0755 "$programs" && chmod 0700 "$quarantine"; } 2>&1) || failed
busy=$quarantine/.busy boot=$(cat /proc/sys/kernel/random/boot_id)
if ! mkdir "$busy" 2>/dev/null; then
  holder=$(cat "$busy/pid" 2>/dev/null)
  # One that was killed may not be buried yet, and its number may be another's by now, after a boot this one's own: it is asked
  # what it runs, and in which boot it ran.
  if [ -n "$holder" ] && [ "$holder" != "$$" ] && [ "$(cat "$busy/boot" 2>/dev/null)" = "$boot" ] &&
    tr '\0' ' ' <"/proc/$holder/cmdline" 2>/dev/null | grep -q 'install\.sh'; then
    say "Another install.sh runs on this host: process $holder. Wait until it is done."
    exit 1
  fi
  rm -rf "$busy" && mkdir "$busy" 2>/dev/null || { say 'Another install.sh has just begun on this host.'; exit 1; }
fi
printf '%s\n' "$boot" >"$busy/boot" && printf '%s\n' "$$" >"$busy/pid" || { rm -rf "$busy"; full; }
trap 'rm -rf "$busy" "$quarantine/.tool"' EXIT
trap 'exit 130' INT TERM HUP

# What this host knows already counts: nothing older comes in.
counter=0 serial=0
newest=$root/etc/frostbyte/newest_bundle.json
if [ -f "$newest" ]; then
  counter=$(sed -n 's/^{"counter":\([0-9]\{1,15\}\),.*/\1/p' "$newest")
  [ -n "$counter" ] || { say "$newest cannot be read, so it is not known which bundle was the newest here."; exit 1; }
fi
serial_of() { sed -n 's/^# serial: \([0-9]\{1,9\}\)$/\1/p' "$1" | head -n 1; }
allow=''
[ "$older" = no ] || counter=0 allow=--allow-older
for list in allowed_signers revoked_keys; do
  known=$root/etc/frostbyte/known_$list
  [ -f "$known" ] || continue
  is=$(serial_of "$known")
  [ "${is:-0}" -le "$serial" ] || serial=$is
done

# First by what every host has. A bundle that does not hold is not run, not even to say so.
say 'Verifying the bundle with ssh-keygen and sha256sum …'
if [ -n "$fingerprint" ]; then
  sh "$here/verify.sh" --fingerprint "$fingerprint" --counter "$counter" --list-serial "$serial" "$here" >&2
else
  sh "$here/verify.sh" --anchor "$anchor" --counter "$counter" --list-serial "$serial" "$here" >&2
fi
status=$?
if [ "$status" -ne 0 ]; then
  [ "$status" -ge 10 ] || cat "$here/verify.sh" "$here/MANIFEST.json" >/dev/null 2>&1 || pulled
  # The release that is here, which is believed, writes it into the evidence; a fresh host has none, and nothing to write with.
  program=$programs/current/appliance/frostbyte
  if [ "$status" -ge 10 ] && [ -x "$program" ]; then
    "$program" evidence note-refused "$status" --medium "$here" ${root:+--root "$root"} >/dev/null || say 'It could not be written into the evidence.'
  fi
  say 'The bundle was not installed.'
  exit "$status"
fi
version=$(sed -n 's/.*,"version":"\([0-9A-Za-z.-]*\)"}$/\1/p' "$here/MANIFEST.json") || pulled
case $version in '' | .*) say 'The bundle does not say which version it is.'; exit 20 ;; esac

# A medium may answer a second read differently: only what is hashed while it is copied is run from here on.
copy=$quarantine/$version
release=$programs/releases/$version
if [ -f "$release/MANIFEST.json" ] && cmp -s "$release/MANIFEST.json" "$here/MANIFEST.json"; then
  # It is in its place already, and looked through there.
  copy=$release
elif [ "$here" != "$copy" ]; then
  # The runtime that copies comes off the medium too, so it is copied and held against its hash first.
  tool=$quarantine/.tool
  rm -rf "$tool"
  mkdir -p "$tool/signers" || full
  sums=$tool/sums
  changed() { say 'BUNDLE_MEDIUM_CHANGED: The medium does not answer the same twice. Use another one.'; exit 41; }
  # The list that was verified a moment ago, verified once more as the copy that counts: of the medium nothing is believed.
  copied "$here/SHA256SUMS" "$sums"
  copied "$here/SHA256SUMS.sig" "$tool/sums.sig"
  copied "$here/signers/allowed_signers" "$here/signers/revoked_keys" "$here/signers/allowed_signers.sig" "$here/signers/revoked_keys.sig" "$here/signers/root.pub" "$tool/signers/"
  if [ -n "$fingerprint" ]; then
    # Its one line alone: a file may hold keys that ssh-keygen does not show and yet believes.
    head -n 1 "$tool/signers/root.pub" | grep -x -E 'ssh-ed25519 [A-Za-z0-9+/=]+' >"$tool/root.pub"
    [ "$(ssh-keygen -l -E sha256 -f "$tool/root.pub" | cut -d ' ' -f 2)" = "$fingerprint" ] || changed
    printf 'frostbyte-root %s\n' "$(cat "$tool/root.pub")" >"$tool/anchor"
    anchor=$tool/anchor
  fi
  signed() { ssh-keygen -Y verify -f "$2" -I "$3" -n "$4" ${5:+-r "$5"} -s "$1.sig" <"$1" >/dev/null 2>&1; }
  signed "$tool/signers/allowed_signers" "$anchor" frostbyte-root frostbyte-signers &&
    signed "$tool/signers/revoked_keys" "$anchor" frostbyte-root frostbyte-signers &&
    signed "$sums" "$tool/signers/allowed_signers" frostbyte-release frostbyte-bundle "$tool/signers/revoked_keys" || changed
  for list in allowed_signers revoked_keys; do
    is=$(serial_of "$tool/signers/$list")
    [ "${is:-0}" -ge "$serial" ] || changed
  done
  grep -E '^[0-9a-f]{64}  (bin|appliance)/' "$sums" >"$tool/programs"
  # verify.sh refused such a path in what it read.
  if grep -q -E '(^|/)\.\.?(/|$)|//' "$tool/programs"; then changed; fi
  cut -c67- "$tool/programs" >"$tool/list"
  while read -r path; do
    mkdir -p "$tool/$(dirname "$path")" || full
    copied "$here/$path" "$tool/$path"
  done <"$tool/list"
  (cd "$tool" && sha256sum -c --status programs) || changed
  chmod 0755 "$tool/bin/node"
  # A copy that is there was whole when it got its name; it is held against the manifest again before it is installed.
  if [ -d "$copy" ]; then
    cmp -s "$copy/MANIFEST.json" "$here/MANIFEST.json"
    # 2: it could not be read, and that says nothing of the copy.
    case $? in
      0) ;;
      1) rm -rf "$copy" ;;
      *) [ ! -f "$copy/MANIFEST.json" ] || pulled; rm -rf "$copy" ;;
    esac
  fi
  if [ ! -d "$copy" ]; then
    if [ -n "$fingerprint" ]; then trust="--fingerprint=$fingerprint"; else trust="--anchor=$anchor"; fi
    "$tool/bin/node" --disable-sigusr1 --disable-warning=ExperimentalWarning "$tool/appliance/cli.mjs" bundle verify "$here" --to "$copy" "$trust" --known "$root/etc/frostbyte" $allow >&2
    status=$?
    [ "$status" -eq 0 ] || { [ -f "$here/MANIFEST.json" ] || pulled; exit "$status"; }
  fi
  rm -rf "$tool"
fi

# From here on the medium is not needed any more.
say 'The bundle is verified and copied; the medium may be pulled out.'
[ -z "$fingerprint" ] || set -- --fingerprint "$fingerprint" "$@"
[ -z "$root" ] || set -- --root "$root" "$@"
[ "$older" = no ] || set -- --allow-older "$@"
# Ctrl-C ends the pages, and what comes behind them is still done here.
[ "$command" != installer ] || trap : INT
"$copy/bin/node" --disable-sigusr1 --disable-warning=ExperimentalWarning "$copy/appliance/cli.mjs" "$command" "$@"
status=$?
# What was linked into its place is not needed twice.
if [ "$status" -eq 0 ] && [ -d "$release" ] && [ -d "$quarantine/$version" ]; then rm -rf "$quarantine/$version"; fi
exit "$status"
}
