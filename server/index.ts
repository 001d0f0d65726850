export { servePush, type PushServer } from './serve-push.ts';
