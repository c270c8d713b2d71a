import type { KubeObject } from '../../model/objects.ts';
import type { Operation, SubresourceResponse, User } from '../api/extension.ts';
import { ApiError, byWebhook } from '../api/status.ts';
import type { Cluster } from '../cluster.ts';
import { virtApi } from './virt-api.ts';

// For tests: virt-api without a server.

const user: User = { name: 'alice', groups: [] };

export interface TestApi {
  admit(operation: Operation, resource: string, object: object, more?: AdmitOptions): Admitted;
  sub(resource: string, subresource: string, call: Call): SubresourceResponse;
}

interface AdmitOptions {
  oldObject?: object;
  user?: User;
  name?: string;
  dryRun?: boolean;
}

interface Admitted {
  denied?: ApiError;
  object?: KubeObject;
}

interface Call {
  namespace?: string;
  name: string;
  method?: string;
  body?: object;
}

export function testApi(cluster: Cluster): TestApi {
  const api = virtApi(cluster);

  /** Runs the webhooks as the API server does. The denial, or the object that would be stored. */
  function admit(operation: Operation, resource: string, object: object, more: AdmitOptions = {}): Admitted {
    const namespace = (object as KubeObject).metadata.namespace;
    const concerned = api.webhooks.filter((hook) => hook.resource === resource && hook.operations.includes(operation));
    let current = object as KubeObject;
    const [main = '', subresource] = resource.split('/');
    const request = () => ({
      operation,
      resource: main,
      ...(subresource === undefined ? {} : { subresource }),
      ...(namespace === undefined ? {} : { namespace }),
      name: more.name ?? current.metadata.name,
      object: current,
      ...(more.oldObject === undefined ? {} : { oldObject: more.oldObject as KubeObject }),
      user: more.user ?? user,
      dryRun: more.dryRun ?? false,
    });
    for (const hook of concerned) if (hook.mutate !== undefined) current = hook.mutate(request());
    for (const hook of concerned) {
      try {
        hook.validate?.(request());
      } catch (error) {
        if (error instanceof ApiError) return { denied: byWebhook(hook.name, error) };
        throw error;
      }
    }
    return { object: current };
  }

  function sub(
    resource: string,
    subresource: string,
    { namespace = 'shop', name, method = 'PUT', body = {} }: Call,
  ): SubresourceResponse {
    const found = api.subresources.find(
      (each) => each.resource === resource && each.subresource === subresource && each.methods.includes(method),
    );
    if (found === undefined) throw new Error(`no ${resource}/${subresource}`);
    return found.handle({ method, user, namespace, name, rest: '', query: new URLSearchParams(), headers: {}, body });
  }

  return { admit, sub };
}
