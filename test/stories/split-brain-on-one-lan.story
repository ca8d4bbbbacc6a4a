# All heartbeat links are cut, the service LAN is not. The standby must believe that the owner is dead and takes the VIP;
# both hear the other's claim by ARP. The preferred node keeps it and announces it again, the other lets go and asks with
# each heartbeat: as long as the owner answers, it waits.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s  lan on
run 20.5s
----
0.003 lb2 peer-alive lb1 after start
0.003 lb1 peer-alive lb2 after start
0.003 lb1 takeover nobody has it
0.033 lb1 vip-up 192.0.2.10

cut
run 20s
----
22.504 lb1 peer-late lb2
22.544 lb2 peer-late lb1
25.004 lb1 peer-dead lb2
25.004 lb1 link-dead lb2 eth0
25.044 lb2 peer-dead lb1
25.044 lb2 link-dead lb1 eth0
25.044 lb2 takeover lb1 is gone
25.074 lb2 vip-up 192.0.2.10
25.074 lb1 split-brain lb2 is not heard, and answers for ctsync as this node does: lb1 keeps it
25.074 lb1 announce ctsync
25.075 lb2 split-brain lb1 is not heard, and answers for ctsync as this node does: lb1 keeps it
25.075 lb2 vip-down 192.0.2.10

# The owner dies for real: nobody answers any more, and the standby takes over, a deadtime after the last answer.
crash lb1
run 10s
----
40.500 lb1 vip-down 192.0.2.10
45.115 lb2 takeover lb1 is gone
45.145 lb2 vip-up 192.0.2.10

# The links are healed, and the owner comes back.
heal
boot lb1
run 20s
----
50.502 lb2 peer-alive lb1 after death
50.503 lb1 peer-alive lb2 after start
50.513 lb2 vip-down 192.0.2.10
50.544 lb1 takeover lb2 gave it
50.574 lb1 vip-up 192.0.2.10
