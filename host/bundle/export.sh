#!/bin/sh
# Exports a tenant of this box onto a medium, and reads it once more from there: what is handed over was verified.
#
#   sh export.sh TENANT FOLDER [RECIPIENT]
#
# TENANT     whose documents, proofs and log
# FOLDER     where the file goes: TENANT-DATE.tar, or TENANT-DATE.tar.age where a recipient is named
# RECIPIENT  an age key (age1…) that it is sealed for; then only its holder can verify it
#
# FROSTBYTE names the program, where it is not the installed one. Exit code: 0 exported, 1 a check failed, 2 usage.
set -u
LC_ALL=C
export LC_ALL
unset CDPATH
umask 077
program=${FROSTBYTE:-frostbyte}

if [ $# -lt 2 ] || [ $# -gt 3 ]; then sed -n '4,8s/^# \{0,1\}//p' "$0" >&2; exit 2; fi
tenant=$1 folder=$2 recipient=${3:-}
file=$folder/$tenant-$(date -u +%Y%m%dT%H%M%SZ).tar
if [ -n "$recipient" ]; then
  "$program" export create "$tenant" "$file.age" --recipient "$recipient"
  exit
fi
"$program" export create "$tenant" "$file" || exit
fingerprint=$("$program" export key) || exit
"$program" export verify "$file" --fingerprint "$fingerprint"
