// The benched API itself, as a process of its own: once as what every other target calls, once as the target called directly.
import { createStub } from "../stub.ts";
import { announce } from "./announce.ts";

announce(createStub());
