# OpenSSH on port 22, with one user key. Gives openssh_serve, ssh_options; the user's key is $work/user.
needs openssh-server openssh-client
ssh_options=(-F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes
  -o IdentitiesOnly=yes)

openssh_serve() {
  ssh-keygen -q -t ed25519 -N '' -f "$work/host"
  ssh-keygen -q -t ed25519 -N '' -f "$work/user"
  cp "$work/user.pub" "$work/authorized"
  mkdir -p /run/sshd
  serve /usr/sbin/sshd -D -e -f /dev/null -p 22 -h "$work/host" -o "AuthorizedKeysFile=$work/authorized" \
    -o StrictModes=no -o "PidFile=$work/pid"
  wait_for 22
}
