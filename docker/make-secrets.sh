#!/bin/sh
# Makes the secrets of this installation if there are none. Only the user who needs a secret can read it.
#
# 999 is the user of the image `postgres`, 65532 the user of Clientele's image.
set -eu
umask 077
cd "${1:-/secrets}"

# 256 bits as hexadecimal digits, since one becomes part of a URL.
draw() {
    head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

# keep NAME OWNER: writes standard input to a file, whole or not at all.
keep() {
    cat >"$1.new"
    chown "$2" "$1.new"
    chmod 400 "$1.new"
    mv "$1.new" "$1"
}

if [ ! -s database_url ]; then
    password=$(draw)
    printf %s "$password" | keep database_password 999
    printf %s "postgres://clientele:$password@database:5432/clientele" | keep database_url 65532
fi
if [ ! -s master_key ]; then
    draw | keep master_key 65532
fi
# Each user must be able to enter the folder.
chmod 755 .
