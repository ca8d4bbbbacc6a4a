# The heartbeat links are cut, and the standby's takeover is announced while its service LAN is unplugged: nobody hears it.
# Each asks every second who else has what it has, so two owners last a second once the LAN is whole.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s  lan on
run 20.5s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

cut
unplug lb2
run 10s
----
22.504 lb1 peer-late lb2
22.544 lb2 peer-late lb1
25.004 lb1 peer-dead lb2
25.004 lb1 link-dead lb2 eth0
25.044 lb2 peer-dead lb1
25.044 lb2 link-dead lb1 eth0
25.044 lb2 takeover lb1 is gone
25.074 lb2 vip-up 192.0.2.10

plug lb2
run 5s
----
31.044 lb1 split-brain lb2 is not heard, and answers for ctsync as this node does: lb1 keeps it
31.044 lb1 announce ctsync
31.044 lb2 split-brain lb1 is not heard, and answers for ctsync as this node does: lb1 keeps it
31.044 lb2 vip-down 192.0.2.10
