// Types of the calls, made of the document's.
import type { components, paths } from './document.js';
import type { Signal } from '@preact/signals-core';

export type { components, paths, Signal };

export type Method = 'get' | 'post' | 'patch' | 'delete';

type Operation<M extends Method, P> = P extends keyof paths ? (M extends keyof paths[P] ? paths[P][M] : never) : never;

/** The paths that take this method. */
export type PathOf<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, { responses: object }> ? P : never }[keyof paths];

type Good<R> = { [S in keyof R]: S extends 200 | 201 | 202 | 204 ? R[S] : never }[keyof R];
type Content<R> = R extends { content: { 'application/json': infer T } } ? T : undefined;
type Responses<O> = O extends { responses: infer R } ? R : never;
type Body<O> = O extends { requestBody: { content: infer C } } ? C[keyof C] : undefined;
type Given<T> = [NonNullable<T>] extends [never] ? object : NonNullable<T>;
type Part<O, K extends string> = O extends { parameters: infer A } ? (K extends keyof A ? Given<A[K]> : object) : object;

/** What every call may be given. */
export interface AnyOptions {
  params?: object;
  query?: object;
  body?: unknown;
  /** A body that is no JSON, such as a file; give its `Content-Type` in `headers`. */
  raw?: BodyInit;
  headers?: Record<string, string>;
  ifMatch?: string | null;
  idempotencyKey?: string;
  accept?: string;
  /** Sends no token. */
  anonymous?: boolean;
  /** Asks for the session cookie. */
  session?: boolean;
  signal?: AbortSignal;
}

type Typed<O> = { query?: Part<O, 'query'> } & (keyof Part<O, 'path'> extends never ? object : { params: Part<O, 'path'> }) &
  (Body<O> extends undefined ? object : { body: Body<O> });

export type Options<M extends Method, P> = Omit<AnyOptions, 'params' | 'query' | 'body'> & Typed<Operation<M, P>>;

export interface Answer<M extends Method, P> {
  status: number;
  body: Content<Good<Responses<Operation<M, P>>>>;
  etag: string | null;
  headers: Headers;
}

type Arguments<M extends Method, P> = object extends Options<M, P> ? [options?: Options<M, P>] : [options: Options<M, P>];

/** A call of the API by this method. */
export type Call<M extends Method> = <P extends PathOf<M>>(path: P, ...rest: Arguments<M, P>) => Promise<Answer<M, P>>;
