#!/bin/sh
# Read to its end before any of it is done: what a shell cannot read any more of a medium that was pulled out it takes for the end.
{
# Verifies this bundle with ssh-keygen and sha256sum, before a byte of it is run or copied. Changes nothing.
#
#   sh verify.sh [--anchor FILE | --fingerprint SHA256:…] [--known FOLDER] [--list-serial N] [--counter N] [BUNDLE]
#
# BUNDLE         its folder (by default the one of this script), its tar, a device with that, or - for a tar on standard input;
#                a tar is read once, in order, and nothing of it is unpacked but its lists
# --anchor       who may sign: a list with the root key, by default /etc/frostbyte/allowed_signers
# --fingerprint  the root key's, from paper or telephone, where this host has no such list yet
# --known        where this host keeps what it has taken before, by default /etc/frostbyte: nothing older is taken
# --list-serial  the lowest serial of the signers' lists that is taken, instead of the known one
# --counter      the lowest counter of a bundle that is taken, instead of the known one
#
# Exit code: 0 all of it is as it was signed, 2 usage, else what is wrong (docs/failures.md).
set -u
LC_ALL=C
export LC_ALL
unset CDPATH GREP_OPTIONS
anchor=/etc/frostbyte/allowed_signers fingerprint='' known=/etc/frostbyte list_serial='' counter='' bundle=''

usage() { sed -n '6,14s/^# \{0,1\}//p' "$0" >&2; exit 2; }
number() { case $1 in '' | *[!0-9]*) usage ;; esac; }
while [ $# -gt 0 ]; do
  case $1 in
    --anchor | --fingerprint | --known | --list-serial | --counter)
      [ $# -ge 2 ] || usage
      case $1 in
        --anchor) anchor=$2 ;;
        --fingerprint) fingerprint=$2 ;;
        --known) known=$2 ;;
        --list-serial) number "$2"; list_serial=$2 ;;
        --counter) number "$2"; counter=$2 ;;
      esac
      shift 2 ;;
    -?*) usage ;;
    *) [ -z "$bundle" ] || usage; bundle=$1; shift ;;
  esac
done

# refuse CODE NUMBER MESSAGE: nothing more is looked at.
refuse() { still_there; printf '%s: %s\n' "$1" "$3" >&2; [ "$2" -ne 40 ] || gone; exit "$2"; }
# A medium that was pulled out lacks nothing: it is not there.
inside=''
still_there() {
  [ -n "$inside" ] || return 0
  # Where it was mounted, a folder may be left with nothing in it.
  if ls "$inside" >/dev/null 2>&1; then
    if [ ! -e "$work/lists/MANIFEST.json" ] || [ -e "$inside/MANIFEST.json" ]; then return; fi
  fi
  gone
}
gone() {
  echo 'BUNDLE_MEDIUM_FAILED: The medium cannot be read any more: it was pulled out, or it is damaged. Put it in again and repeat, or copy the bundle to another one.' >&2
  exit 40
}

for tool in ssh-keygen sha256sum find sort uniq cmp sed grep tr wc mktemp dd od head tail; do
  command -v "$tool" >/dev/null 2>&1 || { printf 'verify.sh needs %s on this host.\n' "$tool" >&2; exit 2; }
done
# What this host has taken before: a list or a bundle that is older may bring back what was closed since.
if [ -z "$list_serial" ]; then
  list_serial=0
  for list in "$known/known_allowed_signers" "$known/known_revoked_keys"; do
    [ -f "$list" ] || continue
    is=$(sed -n 's/^# serial: \([0-9]\{1,9\}\)$/\1/p' "$list" | head -n 1)
    [ "${is:-0}" -le "$list_serial" ] || list_serial=$is
  done
fi
counter_given=$counter
if [ -z "$counter" ]; then
  counter=0
  if [ -f "$known/newest_bundle.json" ]; then
    counter=$(sed -n 's/^{"counter":\([0-9]\{1,15\}\),.*/\1/p' "$known/newest_bundle.json")
    [ -n "$counter" ] || { printf '%s cannot be read, so it is not known which bundle was the newest here.\n' "$known/newest_bundle.json" >&2; exit 2; }
  fi
fi

[ -n "$bundle" ] || bundle=$(dirname "$0")
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
form=folder
if [ "$bundle" = - ]; then form=tar; exec 3<&0
elif [ -f "$bundle" ] || [ -b "$bundle" ]; then
  form=tar
  # (In braces: a redirection that fails ends some shells.)
  { true <"$bundle"; } 2>"$work/errors" || refuse BUNDLE_MEDIUM_FAILED 40 "The medium cannot be read: $(head -n 1 "$work/errors")"
  exec 3<"$bundle"
fi
ours='^[A-Za-z0-9][A-Za-z0-9._+@-]*\(/[A-Za-z0-9][A-Za-z0-9._+@-]*\)*$'
# More than any bundle has; the lists say less than a medium may hold.
most=10000 listable=8001
# Names that Windows keeps for devices, or takes a dot from; paths and names that are too long.
nowhere='(^|/)([cC][oO][nN]|[pP][rR][nN]|[aA][uU][xX]|[nN][uU][lL]|[cC][oO][mM][0-9]|[lL][pP][tT][0-9])([.]|/|$)|[.](/|$)|[^/]{101}|.{201}'
# proper WHAT: refuses the first of the paths on its input that no bundle has.
proper() {
  cat >"$work/paths"
  grep -v "$ours" "$work/paths" >"$work/improper" || grep -E "$nowhere" "$work/paths" >"$work/improper" || return 0
  read -r path <"$work/improper"
  case /$path/ in
    //*) refuse BUNDLE_PATH_ABSOLUTE 25 "$1 holds an absolute path: $path" ;;
    */../*) refuse BUNDLE_PATH_UPWARD 24 "$1 holds a path that leads out of the bundle: $path" ;;
  esac
  refuse BUNDLE_PATH_REFUSED 21 "$1 holds a path that no bundle has: $path"
}

# unlike LIST: refuses paths, or folders on their way, that differ in case alone: on a stick they would be one.
unlike() {
  sed -n -e p -e :a -e 's|/[^/]*$||p' -e ta "$1" | sort -u | tr '[:upper:]' '[:lower:]' | sort | uniq -d >"$work/alike"
  [ ! -s "$work/alike" ] || refuse BUNDLE_PATH_CASE 27 "Paths differ in case alone: $(head -n 1 "$work/alike")"
}

if [ "$form" = folder ]; then
  cd "$bundle" 2>/dev/null || refuse BUNDLE_FILE_MISSING 30 "There is no $bundle."
  inside=$(pwd)
  # Plain files and folders alone; a name with a line break or anything strange is no name of a bundle.
  find . ! -type f ! -type d >"$work/strange" 2>"$work/errors" || refuse BUNDLE_MEDIUM_FAILED 40 "The medium cannot be read: $(head -n 1 "$work/errors")"
  [ ! -s "$work/strange" ] || refuse BUNDLE_LINK_REFUSED 23 "There is something that is no plain file: $(head -n 1 "$work/strange")"
  find . -type f >"$work/found" 2>/dev/null
  [ "$(wc -l <"$work/found")" -le "$most" ] || refuse BUNDLE_TOO_LARGE 28 "There are more than $most files."
  # A line that does not begin so is the rest of a name with a line break.
  ! grep -v -q '^\./' "$work/found" || refuse BUNDLE_PATH_REFUSED 21 'There is a file with a line break in its name.'
  sed 's|^\./||' "$work/found" | proper 'The medium' || exit
  sed 's|^\./||' "$work/found" | sort >"$work/there"
  # The lists are read once: what was verified is what counts, whatever the medium says to who asks again.
  mkdir -p "$work/lists/signers" || exit 2
  for list in MANIFEST.json SHA256SUMS signers/allowed_signers signers/revoked_keys signers/root; do
    for file in "$list" "$list.sig" "$list.pub"; do
      [ -f "$file" ] || continue
      head -c 4194305 "$file" >"$work/lists/$file" 2>"$work/errors" || refuse BUNDLE_MEDIUM_FAILED 40 "$file cannot be read: $(head -n 1 "$work/errors")"
      [ "$(wc -c <"$work/lists/$file")" -le 4194304 ] || refuse BUNDLE_TOO_LARGE 28 "$file is too large to be one."
    done
  done
  cd "$work/lists" || exit 2
fi

# A tar, as a bundle has it: narrow ustar, read block by block. Every header is written anew from what it says, and must be the
# same to the byte, which leaves no room for links, other owners, or a second meaning.
broken() { refuse BUNDLE_TAR_INVALID 22 "The archive is not a whole bundle: $1. Copy it again."; }
blocks() { [ "$2" -eq 0 ] || dd bs="$1" count="$2" iflag=fullblock <&3 2>>"$work/errors"; }
failed() {
  if grep -q -i -e 'error' -e 'no such device' -e 'not connected' "$work/errors" && ! grep -q -i -e 'broken pipe' "$work/errors"; then
    refuse BUNDLE_MEDIUM_FAILED 40 "The medium cannot be read any more: $(grep -i -m 1 -e 'error' -e 'no such device' -e 'not connected' "$work/errors")"
  fi
  : >"$work/errors"
}
# content SIZE: so many bytes, and what fills the last block into a file.
content() {
  blocks 1048576 $(($1 / 1048576))
  blocks 512 $(($1 % 1048576 / 512))
  : >"$work/rest"
  [ $(($1 % 512)) -eq 0 ] || { blocks 512 1 >"$work/last"; head -c $(($1 % 512)) "$work/last"; tail -c +$(($1 % 512 + 1)) "$work/last" >"$work/rest"; }
}
# header CHECKSUM: of the path, the size and the mode; a space is an empty byte here, and a colon a space.
header() {
  printf '%-100s%s 0000000 0000000 %s 00000000000 %s0%-100sustar 00%-80s%-155s%-12s' "$name" "$mode" "$octal" "$1" '' '' "$prefix" '' | tr ' :' '\000 '
}
# The next file of the tar: its path, size and mode; 1 at the end.
entry() {
  blocks 512 1 >"$work/header"
  failed
  if cmp -s "$work/header" "$work/empty"; then
    blocks 512 1 >"$work/header"
    cmp -s "$work/header" "$work/empty" || broken 'it ends in the middle'
    # A device goes on, with what was on it before.
    [ -b "$bundle" ] || [ "$(dd bs=512 count=1 <&3 2>/dev/null | wc -c)" -eq 0 ] || broken 'something follows its end'
    return 1
  fi
  [ "$(wc -c <"$work/header")" -eq 512 ] || broken 'it ends in the middle'
  { tr -s '\000' '\n' <"$work/header"; echo; } >"$work/fields"
  { read -r name; read -r mode; read -r _; read -r _; read -r octal; read -r _; read -r _; read -r kind; read -r _; read -r _; read -r prefix; } <"$work/fields"
  # A name of a hundred letters has nothing behind it.
  if [ "${#name}" -gt 100 ]; then
    { read -r name; read -r _; read -r _; read -r octal; read -r _; read -r _; read -r kind; read -r _; read -r _; read -r prefix; } <"$work/fields"
    mode=$(printf '%s' "$name" | tail -c 7)
    name=$(printf '%s' "$name" | head -c 100)
  fi
  path=${prefix:+$prefix/}$name
  case $kind in 0) ;; *) refuse BUNDLE_LINK_REFUSED 23 "There is something in the archive that is no plain file: $path" ;; esac
  printf '%s\n' "$path" | proper 'The archive' || exit
  case $octal in *[!0-7]* | '') broken "the size of $path is none" ;; esac
  case $mode in 0000755 | 0000644) ;; *) broken "the header of $path is in another form than a bundle has" ;; esac
  sum=$(($(header :::::::: | od -An -v -tu1 | tr -s ' \n' '+' | sed 's/^+//; s/+$//')))
  header "$(printf '%06o' "$sum") :" | cmp -s - "$work/header" || broken "the header of $path is in another form than a bundle has"
  size=$((0$octal))
  entries=$((entries + 1))
  [ "$entries" -le "$most" ] || refuse BUNDLE_TOO_LARGE 28 "There are more than $most files in the archive."
}
if [ "$form" = tar ]; then
  mkdir -p "$work/lists/signers" && cd "$work/lists" || exit 2
  : >"$work/errors"
  : >"$work/tarred"
  dd if=/dev/zero of="$work/empty" bs=512 count=1 2>/dev/null
  entries=0 more=no
  # Its lists come first, and alone are unpacked: then it is known whom all the rest is from.
  while entry; do
    case $path in
      MANIFEST.json | MANIFEST.json.sig | SHA256SUMS | SHA256SUMS.sig | signers/allowed_signers | signers/allowed_signers.sig | signers/revoked_keys | signers/revoked_keys.sig | signers/root.pub) ;;
      *) more=yes; break ;;
    esac
    [ "$size" -le 4194304 ] || refuse BUNDLE_TOO_LARGE 28 "$path is too large to be one."
    [ ! -e "$path" ] || refuse BUNDLE_PATH_TWICE 26 "A path is there twice: $path"
    content "$size" >"$path"
    failed
    [ "$(wc -c <"$path")" -eq "$size" ] || broken 'it ends in the middle'
    [ "$(tr -d '\000' <"$work/rest" | wc -c)" -eq 0 ] || broken 'something stands between its files'
    printf '%s %s %s\n' "$(sha256sum <"$path" | cut -d ' ' -f 1)" "$size" "$path" >>"$work/tarred"
  done
fi

# Whom it is from: the anchor vouches for the root key, the root key for the lists, a release key for the bundle.
if [ -n "$fingerprint" ]; then
  [ -f signers/root.pub ] || refuse BUNDLE_FILE_MISSING 30 'The bundle has no signers/root.pub. Copy it again, all of it.'
  # Its one line alone: a file may hold keys that ssh-keygen does not show and yet believes.
  head -n 1 signers/root.pub | grep -x -E 'ssh-ed25519 [A-Za-z0-9+/=]+' >"$work/root.pub"
  is=$(ssh-keygen -l -E sha256 -f "$work/root.pub" 2>/dev/null | cut -d ' ' -f 2)
  [ "$is" = "$fingerprint" ] || refuse BUNDLE_SIGNER_UNKNOWN 12 "The root key of the bundle has the fingerprint ${is:-(none)}, not the one that was given."
  printf 'frostbyte-root %s\n' "$(cat "$work/root.pub")" >"$work/anchor"
  anchor=$work/anchor
fi
[ -f "$anchor" ] || { printf 'There is no list of signers at %s. Name one with --anchor, or the root key with --fingerprint.\n' "$anchor" >&2; exit 2; }

# armored FILE: whether every byte of a signature's file is as ssh-keygen writes it, which overlooks some when it reads.
armored() {
  body=$(sed '1d;$d' "$1" | tr -d '\n')
  case $body in *[!A-Za-z0-9+/=]*) return 1 ;; esac
  is=$({ echo '-----BEGIN SSH SIGNATURE-----'; echo "$body" | fold -w 70; echo '-----END SSH SIGNATURE-----'; } | sha256sum)
  [ "$is" = "$(sha256sum <"$1")" ]
}

# signed FILE LIST IDENTITY NAMESPACE [REVOKED]
signed() {
  [ -f "$1" ] || refuse BUNDLE_FILE_MISSING 30 "The bundle has no $1. Copy it again, all of it."
  [ -f "$1.sig" ] || refuse BUNDLE_SIGNATURE_MISSING 10 "$1 has no signature beside it."
  armored "$1.sig" || refuse BUNDLE_SIGNATURE_INVALID 11 "$1.sig is no signature as it was written: it was changed."
  if ssh-keygen -Y verify -f "$2" -I "$3" -n "$4" ${5:+-r "$5"} -s "$1.sig" <"$1" >"$work/says" 2>&1; then return; fi
  ssh-keygen -Y check-novalidate -n "$4" -s "$1.sig" <"$1" >/dev/null 2>&1 ||
    refuse BUNDLE_SIGNATURE_INVALID 11 "$1 is not what was signed: it or its signature was changed."
  # It does not say so itself.
  if [ $# -eq 5 ] && ssh-keygen -Y verify -f "$2" -I "$3" -n "$4" -s "$1.sig" <"$1" >/dev/null 2>&1; then
    refuse BUNDLE_SIGNER_REVOKED 14 "$1 is signed by a key that was revoked."
  fi
  if grep -q -i -e expired -e 'not yet valid' "$work/says"; then
    refuse BUNDLE_SIGNER_OUTDATED 13 "$1 is signed by a key that is not valid at present. Compare this host's clock: $(date)."
  fi
  refuse BUNDLE_SIGNER_UNKNOWN 12 "$1 is signed by a key that may not sign it."
}
for list in signers/allowed_signers signers/revoked_keys; do
  signed "$list" "$anchor" frostbyte-root frostbyte-signers
  serial=$(sed -n 's/^# serial: \([0-9]\{1,9\}\)$/\1/p' "$list" | head -n 1)
  [ "${serial:-0}" -ge "$list_serial" ] || refuse BUNDLE_SIGNERS_INVALID 15 "$list is older (${serial:-0}) than the one that is known here ($list_serial)."
done
signed MANIFEST.json signers/allowed_signers frostbyte-release frostbyte-bundle signers/revoked_keys
signed SHA256SUMS signers/allowed_signers frostbyte-release frostbyte-bundle signers/revoked_keys

# For whom it is.
# (The manifest is one line of canonical JSON, its members in the order of their names.)
case $(uname -m) in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; *) arch=$(uname -m) ;; esac
if [ "$(wc -l <MANIFEST.json)" -ne 1 ] || ! grep -q -x '{"arch":"[a-z0-9]*",.*}' MANIFEST.json; then
  refuse BUNDLE_MANIFEST_INVALID 20 'MANIFEST.json cannot be read as the list of a bundle.'
fi
is=$(sed -n 's/^{"arch":"\([a-z0-9]*\)",.*/\1/p' MANIFEST.json)
[ "$is" = "$arch" ] || refuse BUNDLE_WRONG_ARCHITECTURE 50 "The bundle is for ${is:-nothing}; this host is $arch."
# An update is held against the newest one of its kind, and not against releases.
kind=$(sed -n 's/.*,"updates":"\([a-z-]*\)",.*/\1/p' MANIFEST.json)
if [ -n "$kind" ] && [ -z "$counter_given" ]; then
  counter=0
  if [ -f "$known/newest_updates.json" ]; then
    grep -q -x '{.*}' "$known/newest_updates.json" || { printf '%s cannot be read, so it is not known which update was the newest here.\n' "$known/newest_updates.json" >&2; exit 2; }
    counter=$(sed -n "s/.*\"$kind\":{\"counter\":\([0-9]\{1,15\}\),.*/\1/p" "$known/newest_updates.json")
    counter=${counter:-0}
  fi
fi
count=$(sed -n 's/.*,"counter":\([0-9]*\),"data_formats":.*/\1/p' MANIFEST.json)
[ "${count:-0}" -ge "$counter" ] || refuse BUNDLE_OLDER 51 "The bundle is older (${count:-0}) than what was taken here before ($counter)."
built=$(sed -n 's/.*,"built_at":\([0-9]*\),"components":.*/\1/p' MANIFEST.json)
day=$(date -u -d "@${built:-0}" +%Y-%m-%d)
none=$(sed -n 's/^# none before: \([0-9]\{4\}\)\([0-9][0-9]\)\([0-9][0-9]\)$/\1-\2-\3/p' signers/allowed_signers | head -n 1)
if [ -n "$none" ] && [ "$(printf '%s\n' "$day" | tr -d -)" -lt "$(printf '%s\n' "$none" | tr -d -)" ]; then
  refuse BUNDLE_OLDER 51 "The bundle was built on $day; its maker has withdrawn all from before $none."
fi

# Every file that belongs to it, and no other.
if grep -v -q '^[0-9a-f]\{64\}  [^[:space:]\\]*$' SHA256SUMS; then
  refuse BUNDLE_MANIFEST_INVALID 20 'SHA256SUMS holds a line that is none.'
fi
[ "$(wc -l <SHA256SUMS)" -le "$listable" ] || refuse BUNDLE_TOO_LARGE 28 "SHA256SUMS names more than $listable files."
sed 's/^[0-9a-f]*  //' SHA256SUMS | proper 'SHA256SUMS' || exit
{ sed 's/^[0-9a-f]*  //' SHA256SUMS; printf '%s\n' MANIFEST.json.sig SHA256SUMS SHA256SUMS.sig; } | sort >"$work/listed"
[ -z "$(uniq -d "$work/listed")" ] || refuse BUNDLE_PATH_TWICE 26 "A path is listed twice: $(uniq -d "$work/listed" | head -n 1)"
unlike "$work/listed"
# What the manifest says of sizes, and that it says the same of hashes.
tr '{' '\n' <MANIFEST.json | sed -n 's/^\("executable":true,\)\{0,1\}"path":"\([^"]*\)","sha256":"\([0-9a-f]*\)","size":\([0-9]*\)}.*/\4 \3 \2/p' >"$work/sizes"
{ sed 's/^[0-9]* \([0-9a-f]*\) /\1  /' "$work/sizes"; grep '  MANIFEST.json$' SHA256SUMS; } | sort >"$work/said"
sort SHA256SUMS | cmp -s - "$work/said" || refuse BUNDLE_LISTS_DIFFER 29 'MANIFEST.json and SHA256SUMS do not say the same.'

cp SHA256SUMS "$work/sums"
version=$(sed -n 's/.*,"version":"\([^"]*\)"}$/\1/p' MANIFEST.json)
if [ "$form" = folder ]; then
  still_there
  cd "$inside" || gone
fi
# The rest of a tar, hashed as it goes by.
if [ "$form" = tar ]; then
  while [ "$more" = yes ]; do
    [ ! -e "$path" ] || broken "$path stands behind other files"
    case $path in MANIFEST.json* | SHA256SUMS* | signers/*) broken "$path stands behind other files" ;; esac
    is=$(content "$size" | sha256sum)
    failed
    [ "$(tr -d '\000' <"$work/rest" | wc -c)" -eq 0 ] || broken 'something stands between its files'
    printf '%s %s %s\n' "${is%% *}" "$size" "$path" >>"$work/tarred"
    entry || more=no
  done
  sed 's/^[0-9a-f]* [0-9]* //' "$work/tarred" | sort >"$work/there"
  [ -z "$(uniq -d "$work/there")" ] || refuse BUNDLE_PATH_TWICE 26 "A path is in the archive twice: $(uniq -d "$work/there" | head -n 1)"
fi
unlike "$work/there"
# hash_of PATH, length_of PATH: of the bytes that are there.
told_of() { sed -n "s|^\([0-9a-f]*\) \([0-9]*\) $(printf '%s' "$2" | sed 's/\./[.]/g')\$|\\$1|p" "$work/tarred"; }
hash_of() { if [ "$form" = tar ]; then told_of 1 "$1"; else sha256sum <"$1"; fi; }
length_of() { if [ "$form" = tar ]; then told_of 2 "$1"; else wc -c <"$1" | tr -d ' '; fi; }
# whole_sums: how many files hold.
whole_sums() {
  if [ "$form" = folder ]; then sha256sum -c "$work/sums" 2>/dev/null | grep -c ': OK$'; return; fi
  { sed 's/^\([0-9a-f]*\) [0-9]* /\1  /' "$work/tarred" | sort -u; sort -u "$work/sums"; } | sort | uniq -d | wc -l | tr -d ' '
}
wrong=''
# told CODE NUMBER TEXT: goes on; of several the one that says most counts, as for the program that ships.
told() { printf '%s: %s\n' "$1" "$3" >&2; wrong="$wrong $2 "; }
# (A line that is in one list alone comes once where the other list is given twice.)
sort "$work/there" "$work/there" "$work/listed" | uniq -u >"$work/missing"
sort "$work/there" "$work/listed" "$work/listed" | uniq -u >"$work/extra"
# A file that is too much may be one that is missing, under another name: of the same length, and of the same hash.
: >"$work/was"
: >"$work/now"
if [ -s "$work/missing" ]; then
  while read -r path; do
    length=$(length_of "$path")
    grep -q "^$length " "$work/sizes" || continue
    hash=$(hash_of "$path" 2>/dev/null) || continue
    was=$(sed -n "s|^$length ${hash%% *} ||p" "$work/sizes" | sort - "$work/missing" | uniq -d | sort - "$work/was" "$work/was" | uniq -u | head -n 1)
    [ -n "$was" ] || continue
    echo "$was" >>"$work/was"
    echo "$path" >>"$work/now"
    told BUNDLE_FILE_RENAMED 32 "$was is there under another name, $path: give it its own again, or copy it again."
  done <"$work/extra"
fi
sort "$work/missing" "$work/was" "$work/was" | uniq -u >"$work/lost"
while read -r path; do
  case $path in
    *.part[0-9][0-9][0-9]) told BUNDLE_PART_MISSING 36 "$path is missing: copy this part again." ;;
    *) told BUNDLE_FILE_MISSING 30 "$path is missing: copy it again." ;;
  esac
done <"$work/lost"
sort "$work/extra" "$work/now" "$work/now" | uniq -u >"$work/more"
while read -r path; do told BUNDLE_FILE_EXTRA 31 "$path does not belong to the bundle: take it away."; done <"$work/more"

# Every byte: of all files at once, and where one does not hold each by itself, to say what is wrong with it.
every=$(wc -l <"$work/sums" | tr -d ' ') unread=0
if [ -s "$work/missing" ] || [ "$(whole_sums)" -ne "$every" ]; then
  while read -r hash path; do
    if [ -s "$work/missing" ] && grep -q -F -x -e "$path" "$work/missing"; then continue; fi
    if ! is=$(hash_of "$path" 2>"$work/errors"); then
      told BUNDLE_MEDIUM_FAILED 40 "$path cannot be read: $(head -n 1 "$work/errors")"
      # One by one where a stick has bad places; of one that is away nothing can be read.
      unread=$((unread + 1))
      [ "$unread" -lt 20 ] || gone
      continue
    fi
    [ "${is%% *}" != "$hash" ] || continue
    size=$(sed -n "s|^\([0-9]*\) $hash $path\$|\1|p" "$work/sizes" | head -n 1)
    length=$(length_of "$path")
    # (The manifest says nothing of its own size.)
    size=${size:-$length}
    other=$(grep "^${is%% *}  " "$work/sums" | sed 's/^[0-9a-f]*  //' | head -n 1)
    if [ "${length:-0}" -lt "${size:-0}" ]; then told BUNDLE_FILE_TRUNCATED 33 "$path is cut off ($length bytes, not $size): copy it again."
    elif [ "${length:-0}" -gt "${size:-0}" ]; then told BUNDLE_FILE_PADDED 34 "$path is longer than it should be ($length bytes, not $size): copy it again."
    elif [ -n "$other" ] && [ "${path%.part*}" = "${other%.part*}" ]; then told BUNDLE_PART_SWAPPED 37 "$path is the part $other under this name: copy the parts again."
    else told BUNDLE_FILE_ALTERED 35 "$path was changed or is damaged: copy it again."
    fi
  done <"$work/sums"
  # Together they did not hold, and each by itself does.
  [ -n "$wrong" ] || told BUNDLE_MEDIUM_CHANGED 41 'The medium does not answer the same twice. Use another one.'
fi
if [ -n "$wrong" ]; then
  still_there
  [ "$unread" -eq 0 ] || gone
  for code in 40 41 32 36 37 30 33 34 35 31; do
    case $wrong in *" $code "*) exit "$code" ;; esac
  done
fi
withdrawn='its maker has withdrawn none'
[ -z "$none" ] || withdrawn="none is taken from before $none"
printf 'The bundle is as it was signed: version %s, counter %s, %s files, built %s; %s.\n' "$version" "$count" "$every" "$day" "$withdrawn"
exit 0
}
