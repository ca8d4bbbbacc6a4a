# All heartbeat links are cut, the service LAN is not. The standby must believe that the owner is dead and takes the VIP;
# both hear the other's claim by ARP. The preferred node keeps it and announces it again, the other lets go and asks with
# each heartbeat: as long as the owner answers, it waits.
nodes lb1* lb2    keepalive 1s  deadtime 5s  initdead 10s  lan on
run 20.5s
----

cut
run 20s
----

# The owner dies for real: nobody answers any more, and the standby takes over, a deadtime after the last answer.
crash lb1
run 10s
----

# The links are healed, and the owner comes back.
heal
boot lb1
run 20s
----
