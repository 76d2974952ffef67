/**
 * Operations labelled by a person who read their path, method, schemas and texts: `METHOD /path kind [effect]`. The effect is
 * given for actions; `skip` means that no Tool is expected. Written before the classifier saw these documents. Where it errs,
 * the line stays as it is: the test asks for a share, not for all of them.
 *
 * One ResourceType has at most one Tool per CRUD kind, so of two lists of one noun the second is labelled `action read`.
 */
export const labelled: Readonly<Record<string, string>> = {
  "oas:3.0/json/petstore.json": `
    POST /pet create
    PUT /pet update
    GET /pet/findByStatus list
    GET /pet/findByTags action read
    GET /pet/{petId} get
    POST /pet/{petId} action write
    DELETE /pet/{petId} delete
    POST /pet/{petId}/uploadImage action write
    GET /store/inventory get
    POST /store/order create
    GET /store/order/{orderId} get
    DELETE /store/order/{orderId} delete
    POST /user create
    POST /user/createWithArray action write
    POST /user/createWithList action write
    GET /user/login action write
    GET /user/logout action write
    GET /user/{username} get
    PUT /user/{username} update
    DELETE /user/{username} delete`,
  "oas:3.0/json/petstore-expanded.json": `
    GET /pets list
    POST /pets create
    GET /pets/{id} get
    DELETE /pets/{id} delete`,
  "oas:3.0/json/link-example.json": `
    GET /2.0/users/{username} get
    GET /2.0/repositories/{username} list
    GET /2.0/repositories/{username}/{slug} get
    GET /2.0/repositories/{username}/{slug}/pullrequests list
    GET /2.0/repositories/{username}/{slug}/pullrequests/{pid} get
    POST /2.0/repositories/{username}/{slug}/pullrequests/{pid}/merge action write`,
  "oas:3.0/json/uspto.json": `
    GET / list
    GET /{dataset}/{version}/fields list
    POST /{dataset}/{version}/records action read`,
  "oas:3.0/json/star-trek.json": `
    GET /animal get
    GET /animal/search list
    POST /animal/search action read
    GET /book get
    GET /book/search list
    POST /book/search action read
    GET /bookSeries get
    GET /bookSeries/search list
    POST /bookSeries/search action read
    GET /comics get
    GET /comics/search list
    POST /comics/search action read
    GET /company get
    GET /company/search list
    POST /company/search action read
    GET /literature get
    GET /literature/search list
    POST /literature/search action read
    GET /movie get
    GET /movie/search list
    POST /movie/search action read
    GET /series get
    GET /series/search list
    POST /series/search action read
    GET /species get
    GET /species/search list
    POST /species/search action read
    GET /staff get
    GET /staff/search list
    POST /staff/search action read
    GET /title get
    GET /title/search list
    POST /title/search action read`,
  "oas:3.1/json/train-travel.json": `
    GET /stations list
    GET /trips list
    GET /bookings list
    POST /bookings create
    GET /bookings/{bookingId} get
    DELETE /bookings/{bookingId} delete
    POST /bookings/{bookingId}/payment create`,
  "oas:3.0/json/openapi-workshop/hoot.json": `
    POST /hoot create
    GET /hoot/{id} get
    POST /hoot/{id}/like action write
    GET /timeline list
    GET /timeline/{username} action read`,
  "oas:3.0/json/readme-legacy.json": `
    GET / get
    GET /api-registry/{uuid} get
    GET /api-specification list
    POST /api-specification create
    PUT /api-specification/{id} update
    DELETE /api-specification/{id} delete
    GET /categories list
    POST /categories create
    GET /categories/{slug} get
    PUT /categories/{slug} update
    DELETE /categories/{slug} delete
    GET /categories/{slug}/docs list
    GET /changelogs list
    POST /changelogs create
    GET /changelogs/{slug} get
    PUT /changelogs/{slug} update
    DELETE /changelogs/{slug} delete
    GET /custompages list
    POST /custompages create
    GET /custompages/{slug} get
    PUT /custompages/{slug} update
    DELETE /custompages/{slug} delete
    POST /docs create
    POST /docs/search action read
    GET /docs/{slug} get
    PUT /docs/{slug} update
    DELETE /docs/{slug} delete
    GET /docs/{slug}/production get
    GET /outbound-ips list
    POST /owlbot/ask action write
    GET /schema get
    GET /version list
    POST /version create
    GET /version/{versionId} get
    PUT /version/{versionId} update
    DELETE /version/{versionId} delete`,
  "oas:3.1/json/readme.json": `
    GET /projects/{subdomain}/apikeys list
    POST /projects/{subdomain}/apikeys create
    GET /projects/{subdomain}/apikeys/{api_key_id} get
    PATCH /projects/{subdomain}/apikeys/{api_key_id} update
    DELETE /projects/{subdomain}/apikeys/{api_key_id} delete
    GET /branches/{branch}/apis list
    POST /branches/{branch}/apis create
    GET /branches/{branch}/apis/{filename} get
    PUT /branches/{branch}/apis/{filename} update
    DELETE /branches/{branch}/apis/{filename} delete
    GET /apply list
    POST /apply action write
    POST /branches/{branch}/categories create
    GET /branches/{branch}/categories/{section} list
    GET /branches/{branch}/categories/{section}/{title} get
    PATCH /branches/{branch}/categories/{section}/{title} update
    DELETE /branches/{branch}/categories/{section}/{title} delete
    GET /branches/{branch}/categories/{section}/{title}/pages list
    GET /changelogs list
    POST /changelogs create
    GET /changelogs/{identifier} get
    PATCH /changelogs/{identifier} update
    DELETE /changelogs/{identifier} delete
    GET /branches/{branch}/custom_pages list
    POST /branches/{branch}/custom_pages create
    GET /branches/{branch}/custom_pages/{slug} get
    PATCH /branches/{branch}/custom_pages/{slug} update
    DELETE /branches/{branch}/custom_pages/{slug} delete
    POST /branches/{branch}/guides create
    GET /branches/{branch}/guides/{slug} get
    PATCH /branches/{branch}/guides/{slug} update
    DELETE /branches/{branch}/guides/{slug} delete
    GET /images list
    POST /images create
    GET /images/{identifier} get
    GET /outbound_ips list
    POST /owlbot/ask action write
    GET /projects/me get
    GET /search action read
    POST /validate/api action write
    GET /branches list
    POST /branches create
    GET /branches/{branch} get
    PATCH /branches/{branch} update
    DELETE /branches/{branch} delete`,
  "style-stripe.yaml": `
    GET /v1/customers list
    POST /v1/customers create
    GET /v1/customers/search action read
    GET /v1/customers/{customer} get
    POST /v1/customers/{customer} update
    DELETE /v1/customers/{customer} delete
    GET /v1/customers/{customer}/sources list
    POST /v1/charges/{charge}/capture action write
    GET /v1/charges/{charge} get
    POST /v1/charges/{charge} update
    POST /v1/subscriptions/{id}/cancel action write
    GET /v1/balance get`,
  "style-aip.yaml": `
    GET /v1/{parent=projects/*}/ops list
    POST /v1/{parent=projects/*}/ops create
    GET /v1/{name=projects/*/ops/*} get
    PATCH /v1/{name=projects/*/ops/*} update
    DELETE /v1/{name=projects/*/ops/*} delete
    POST /v1/{name=projects/*/ops/*}:cancel action write
    POST /v1/{name=projects/*/ops/*}:undelete action write
    GET /v1/{parent=projects/*}/ops:batchGet action read
    POST /v1/{parent=projects/*}/ops:batchDelete action destroy
    POST /v1/{parent=projects/*}/ops:search action read
    POST /v1/ops/{id}:reprioritise action write`,
  "style-kubernetes.yaml": `
    GET /api/v1/pods list
    GET /api/v1/namespaces/{namespace}/pods action read
    POST /api/v1/namespaces/{namespace}/pods create
    DELETE /api/v1/namespaces/{namespace}/pods action destroy
    GET /api/v1/namespaces/{namespace}/pods/{name} get
    PUT /api/v1/namespaces/{namespace}/pods/{name} action write
    PATCH /api/v1/namespaces/{namespace}/pods/{name} update
    DELETE /api/v1/namespaces/{namespace}/pods/{name} delete
    GET /api/v1/namespaces/{namespace}/pods/{name}/log get
    GET /api/v1/namespaces/{namespace}/pods/{name}/exec action write
    GET /api/v1/watch/pods skip
    GET /apis/apps/v1/namespaces/{namespace}/deployments list
    POST /apis/apps/v1/namespaces/{namespace}/deployments create
    DELETE /apis/apps/v1/namespaces/{namespace}/deployments action destroy
    GET /apis/apps/v1/namespaces/{namespace}/deployments/{name} get
    PUT /apis/apps/v1/namespaces/{namespace}/deployments/{name} action write
    PATCH /apis/apps/v1/namespaces/{namespace}/deployments/{name} update
    DELETE /apis/apps/v1/namespaces/{namespace}/deployments/{name} delete
    GET /apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale get
    PATCH /apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale update`,
  "style-connect.yaml": `
    POST /uptime.v1.MonitorService/ListMonitors list
    GET /uptime.v1.MonitorService/ListMonitors skip
    POST /uptime.v1.MonitorService/GetMonitor get
    POST /uptime.v1.MonitorService/CountMonitors count
    POST /uptime.v1.MonitorService/CreateHTTPMonitor create
    POST /uptime.v1.MonitorService/UpdateHTTPMonitor update
    POST /uptime.v1.MonitorService/DeleteMonitor delete
    POST /uptime.v1.MonitorService/TriggerMonitor action write
    POST /uptime.v1.MonitorService/ListMonitorHTTPResponseLogs list
    POST /uptime.v1.MonitorService/GetMonitorSummary get
    POST /uptime.v1.HealthService/Probe action read
    GET /uptime.v1.HealthService/Probe skip`,
  "style-rpc.yaml": `
    POST /probe/get-list list
    POST /probe/count count
    POST /probe create
    POST /probe/{id}/get-item get
    GET /probe/{id}/delete-item delete
    PUT /probe/{id} update
    POST /trace/{id} get
    POST /channels.list list
    POST /channels.info get
    POST /channels.create create
    POST /channels.archive action write
    POST /channels.rename action write
    POST /getUser get
    POST /listUsers list
    POST /createUser create
    POST /updateUser update
    POST /deleteUser delete
    POST /resetPassword action destroy
    GET /team/list list
    GET /team/get/{id} get
    GET /team/delete/{id} delete
    POST /team/update/{id} update`,
  "style-rest.yaml": `
    GET /monitor list
    POST /monitor create
    HEAD /monitor skip
    OPTIONS /monitor skip
    GET /monitor/{id} get
    PUT /monitor/{id} update
    DELETE /monitor/{id} delete
    POST /monitor/{id}/run action write
    GET /monitor/{id}/trigger action write
    GET /monitor/{id}/summary get
    GET /incidents list
    POST /incidents create
    DELETE /incidents action destroy
    GET /incidents/{incidentId} get
    PUT /incidents/{incidentId} action write
    PATCH /incidents/{incidentId} update
    DELETE /incidents/{incidentId} delete
    POST /incidents/{incidentId}/acknowledge action write
    POST /incidents/{incidentId}/resolve action write
    PUT /incidents/{incidentId}/star action write
    DELETE /incidents/{incidentId}/star action destroy
    POST /incidents/{incidentId}/archive action write
    GET /incidents/{incidentId}/notes list
    POST /incidents/{incidentId}/notes create
    GET /incidents/{incidentId}/notes/{noteId} get
    DELETE /incidents/{incidentId}/notes/{noteId} delete
    GET /incidents/open action read
    GET /incidents/count count
    GET /incidents/$count action read
    POST /incidents/search action read
    POST /incidents/bulk action destroy
    POST /incidents/bulk-delete action destroy
    GET /incidents/export action read
    GET /me get
    GET /settings get
    PUT /settings update
    GET /users/{userId}/profile get
    PATCH /users/{userId}/profile update
    GET /users/{userId}/settings get
    PATCH /users/{userId}/settings update
    GET /users list
    POST /users action write
    PATCH /users action write
    GET /users/{userId} get
    GET /users/by-email/{email} action read
    GET /users/current get
    POST /session create
    DELETE /session delete
    POST /auth/login action write
    GET /events/stream skip
    POST /graphql skip
    DELETE /cache delete
    POST /cache/purge action destroy
    GET /repos/{owner}/{repo}/issues/{number}/comments list
    POST /repos/{owner}/{repo}/issues/{number}/comments create
    GET /repos/{owner}/{repo}/issues/comments/{id} get
    PATCH /repos/{owner}/{repo}/issues/comments/{id} update
    DELETE /repos/{owner}/{repo}/issues/comments/{id} delete
    GET /repos/{owner}/{repo}/pulls/{number}/comments list
    GET /repos/{owner}/{repo} get
    DELETE /repos/{owner}/{repo} delete`,
  "style-operation-ids.yaml": `
    GET /cats list
    POST /cats create
    GET /cats/{id} get
    PATCH /cats/{id} update
    DELETE /cats/{id} delete
    GET /api/books/ list
    POST /api/books/ create
    GET /api/books/{id}/ get
    PUT /api/books/{id}/ action write
    PATCH /api/books/{id}/ update
    DELETE /api/books/{id}/ delete
    GET /repos/{owner}/{repo}/releases list
    POST /repos/{owner}/{repo}/releases create
    GET /orgs/{org}/members list
    GET /subscriptions/{subscriptionId}/vaults list
    PUT /subscriptions/{subscriptionId}/vaults/{name} update
    DELETE /subscriptions/{subscriptionId}/vaults/{name} delete
    GET /items/ list
    GET /items/{item_id} get
    GET /orders list
    POST /orders create
    PUT /orders/{id}/approval action write
    DELETE /tokens/{id} delete`,
};
