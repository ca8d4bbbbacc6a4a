# Both directors start within half a second of each other. Nobody waits: each knows from the other's first
# acknowledgement that nobody holds anything.
nodes lb1* lb2*    keepalive 1s  deadtime 5s  initdead 10s  media eth0,eth1
run 20s
----
0.002 lb1 peer-alive lb2 after start
0.002 lb2 peer-alive lb1 after start
0.003 lb1 takeover nobody has it
0.003 lb2 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10
0.033 lb2 vip-up 192.0.2.20
