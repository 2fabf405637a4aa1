/**
 * nginx with a cache in Lua (`lua_shared_dict`), as fast as we can make it: one process without a master, no log, no limit
 * to what a connection may ask, functions that are loaded once, bodies in memory only.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { missingProgram, printed, programVersion } from '../installed.js';
import { answers, freePort, type RunningServer, replies, startServer } from '../load/server.js';
import { withTemporaryFolder } from '../temporary.js';

/** In the order in which they have to be loaded. */
const MODULES = ['ndk_http_module.so', 'ngx_http_lua_module.so'];

/** Why it can't be started; undefined: it can. */
export function missingNginx(): string | undefined {
  const missing = missingProgram('nginx');
  if (missing !== undefined) return missing;
  if (modules() === undefined) return 'this nginx has no Lua module';
  return printed('nginx', '-V').includes('http_v2_module') ? undefined : 'this nginx has no HTTP/2';
}

/** Files to load, of which there are none where Lua was built in; undefined: this nginx knows no Lua. */
function modules(): readonly string[] | undefined {
  const build = printed('nginx', '-V');
  const folder = /--modules-path=(\S+)/.exec(build)?.[1] ?? '';
  const files = MODULES.map((name) => join(folder, name));
  if (files.every((file) => existsSync(file))) return files;
  return /--add-module=\S*(?:ngx_lua|lua-nginx-module)/.test(build) ? [] : undefined;
}

/**
 * @param memory in MiB
 * @param protocol absent: HTTP/1.1
 */
export async function startNginx(memory: number, protocol?: 'h2c'): Promise<RunningServer> {
  const port = await freePort();
  return withTemporaryFolder('nginx', (folder) => {
    writeFileSync(join(folder, 'cache.lua'), CACHE);
    writeFileSync(join(folder, 'nginx.conf'), configuration({ folder, port, memory, protocol }));
    return startServer({
      core: 'server',
      command: 'nginx',
      args: ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')],
      port,
      isReady: () => (protocol === 'h2c' ? speaksHttp2(port) : answers(port, '/get/key', [200, 404])),
    });
  });
}

/** What a client begins with, and the first frame of a server: settings too, which are less than 256 bytes. */
function speaksHttp2(port: number): Promise<boolean> {
  const noSettings = '\0\0\0\x04\0\0\0\0\0';
  return replies(port, `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${noSettings}`, '\0\0');
}

interface Settings {
  readonly folder: string;
  readonly port: number;
  readonly memory: number;
  readonly protocol: 'h2c' | undefined;
}

function configuration({ folder, port, memory, protocol }: Settings): string {
  const http2 = protocol === 'h2c' ? http2Words() : { parameter: '', directive: '' };
  return `
daemon off;
master_process off;
worker_processes 1;
pid nginx.pid;
error_log stderr error;
${(modules() ?? []).map((file) => `load_module ${file};`).join('\n')}
events {
  worker_connections 4096;
}
http {
  access_log off;
  keepalive_requests 2147483647;
  keepalive_timeout 1h;
  client_max_body_size 1m;
  client_body_buffer_size 1m;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  default_type "text/plain; charset=utf-8";
  lua_shared_dict values ${memory}m;
  lua_package_path "${folder}/?.lua;;";
  init_by_lua_block { cache = require "cache" }
  server {
    listen 127.0.0.1:${port} backlog=4096${http2.parameter};
    ${http2.directive}
    merge_slashes off;
    location /get/ {
      content_by_lua_block { cache.read() }
    }
    location /store/ {
      content_by_lua_block { cache.write() }
    }
    location / {
      return 404;
    }
  }
}
`;
}

/** HTTP/2 was a parameter of `listen` before it became a directive, in 1.25.1. */
function http2Words(): { readonly parameter: string; readonly directive: string } {
  const [major = 0, minor = 0, patch = 0] = (programVersion('nginx', '-v') ?? '').split('.').map(Number);
  const isDirective = (major * 1000 + minor) * 1000 + patch >= 1_025_001;
  return isDirective ? { parameter: '', directive: 'http2 on;' } : { parameter: ' http2', directive: '' };
}

/** The key is what comes after `/get/` and `/store/`, percent-decoded by nginx. */
const CACHE = `
local values = ngx.shared.values
local var, header, print = ngx.var, ngx.header, ngx.print
local read_body, body = ngx.req.read_body, ngx.req.get_body_data
local sub = string.sub

local cache = {}

function cache.read()
  local value = values:get(sub(var.uri, 6))
  if value == nil then
    ngx.status = 404
    value = "No value found for key"
  end
  header.content_length = #value
  print(value)
end

function cache.write()
  read_body()
  local stored, reason = values:set(sub(var.uri, 8), body() or "")
  if not stored then
    ngx.log(ngx.ERR, reason)
    ngx.status = 500
  end
  header.content_length = 0
end

return cache
`;
