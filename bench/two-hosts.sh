#!/usr/bin/env bash
# two-hosts.sh [BANDWIDTH DELAY]… [-- COMMAND ARGUMENT…]: training by two ranks on two "hosts" of one machine: network
# namespaces with host names of their own, joined by a cable that tc makes as slow as asked for. Each pair of arguments is
# one cable, "none 0" for an unlimited one; default: none 0, 10gbit 50us, 1gbit 200us. COMMAND is a dlrm command line,
# default: bench --preset=kaggle --mini-batch-size=2048 --num-threads=1. Needs root; what is missing of Debian's
# packages is installed. Where the kernel refuses, the line begins with "skipped".
set -euo pipefail

root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$root/scripts/debian.sh"

skip() {
  echo "skipped: $*"
  exit 0
}

cables=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  [ $# -ge 2 ] || { echo "two-hosts.sh: a delay follows each bandwidth" >&2; exit 2; }
  cables+=("$1 $2")
  shift 2
done
[ $# -eq 0 ] || shift
[ ${#cables[@]} -gt 0 ] || cables=("none 0" "10gbit 50us" "1gbit 200us")
[ $# -gt 0 ] || set -- bench --preset=kaggle --mini-batch-size=2048 --num-threads=1

[ "$(id -u)" -eq 0 ] || skip "network namespaces are made by root"
need openmpi-bin libopenmpi3 iproute2 util-linux
for program in ip tc unshare mpirun; do
  command -v $program >/dev/null 2>&1 || skip "$program is not installed"
done

work=$(mktemp -d)
network=10.77.$((RANDOM % 250)).0
prefix=${network%.0}
one=dlrm-a-$$ two=dlrm-b-$$
clean() {
  ip netns del $one 2>/dev/null || true
  ip netns del $two 2>/dev/null || true
  rm -rf "$work"
}
trap clean EXIT

ip netns add $one 2>/dev/null && ip netns add $two 2>/dev/null || skip "the kernel refuses network namespaces"
ip link add va$$ netns $one type veth peer name vb$$ netns $two 2>/dev/null || skip "the kernel refuses veth pairs"
ip -n $one addr add $prefix.1/24 dev va$$
ip -n $two addr add $prefix.2/24 dev vb$$
for space in $one $two; do ip -n $space link set lo up; done
ip -n $one link set va$$ up
ip -n $two link set vb$$ up

# What mpirun starts its daemon on the other host with, in place of ssh: HOST COMMAND….
cat >"$work/agent" <<END
#!/bin/sh
shift
exec ip netns exec $two unshare --uts sh -c 'hostname node-b; exec sh -c "\$*"' sh "\$@"
END
chmod +x "$work/agent"

dlrm=$root/dlrm
"$dlrm" --version >/dev/null # builds it before it is started twice
for cable in "${cables[@]}"; do
  read -r bandwidth delay <<<"$cable"
  if [ "$bandwidth" != none ]; then
    for end in "$one va$$" "$two vb$$"; do
      read -r space device <<<"$end"
      if tc -n $space qdisc replace dev $device root netem rate $bandwidth delay $delay limit 100000 2>/dev/null; then
        continue
      elif tc -n $space qdisc replace dev $device root tbf rate $bandwidth burst 256kb latency 100ms 2>/dev/null; then
        delay='0 (skipped: the kernel has no netem, tbf limits the bandwidth alone)'
      else
        echo "skipped: $bandwidth, $delay: the kernel has neither netem nor tbf"
        continue 2
      fi
    done
  fi
  echo "== two hosts over TCP, bandwidth $bandwidth, delay $delay each way"
  OMPI_MCA_plm_rsh_agent=$work/agent OMPI_MCA_btl=tcp,self OMPI_MCA_btl_tcp_if_include=$network/24 \
    OMPI_MCA_oob_tcp_if_include=$network/24 \
    ip netns exec $one unshare --uts sh -c 'hostname node-a; exec "$@"' sh \
    "$dlrm" "$@" --ranks=2 --hosts=$prefix.1:1,$prefix.2:1
  echo
done
