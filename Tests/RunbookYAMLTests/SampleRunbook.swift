/// A text with everything a runbook is written with.
let sampleRunbook = #"""
    # Two web servers behind a balancer: new certificates, one server after the other.
    runbook: new-certificates
    version: 1.2.0
    title: New certificates for two web servers   # shown on the first line

    inputs:
      domain: { type: hostname, title: 'Name in the certificate, e.g. www.example.net' }
      days:
        type: integer
        default: 90
        title: Days for which it holds
      contact: { type: string, optional: true, title: "Who is told when it runs out" }
      challenge:
        type: choice
        of: [http, dns]
        default: http

    hosts:
      balancer: { title: the machine in front, user: root }
      left: { title: the first server, user: root }
      right: { title: the second server, user: root }
    groups:
      servers:
        members: [left, right]
        inputs:
          address: { type: ipv4, title: 'Its address, as the balancer sees it' }

    env:
      DOMAIN: ${{ inputs.domain }}
      DAYS: '${{ inputs.days }}'
      FILE: "/etc/ssl/${{ inputs.domain }}.pem"
      SPLIT: one two
        three

        four

    defaults: { timeout: 2m }

    checks:
      answers: { run: 'curl -sf "https://$DOMAIN/"', match: '<title>', message: 'No answer: see the log' }
      fresh:
        run: openssl x509 -noout -enddate -in "$FILE"
        no_exit: [1]
        match: '^notAfter=.* 20[2-9][0-9] GMT$'
      in-service:
        run: haproxyctl show servers
        match:
          - '^left +up$'
          - '^right +up$'

    steps:
      - id: account
        name: An account with the authority
        host: balancer
        check: test -s /etc/acme/account.key
        run: |
          umask 077
          mkdir -p /etc/acme
          acme new-account \
            --contact "$CONTACT" > /etc/acme/account.key.new
          mv /etc/acme/account.key.new /etc/acme/account.key
        timeout: { after: 3m, then: leave }

      - id: order
        name: Order the certificate
        why: >
          The authority asks for a file below the domain,
          so the web servers must be up.

          It may take a minute.
        host: balancer
        require:
          - { use: answers, within: 30s }
          - run: test -w /etc/ssl
            message: |-
              /etc/ssl cannot be written.
                Is the disk full?
        check: [{ use: fresh }, test -s "$FILE"]
        run: acme order "$DOMAIN" --days "$DAYS" --out "$FILE"
        hints:
          - output: rateLimited
            say: 'The authority''s limit is reached: wait a week'
          - { output: "unauthorized", say: "It sees another server:\tcheck the name \"$DOMAIN\"" }

      - id: copy
        name: Copy it to the servers
        hosts: servers
        copy:
          from: ${{ steps.order.file }}
          to: /etc/ssl/site.pem
          mode: '0640'
        check:
          run: cmp -s /etc/ssl/site.pem /run/site.pem

      - id: reload
        name: Reload, one after the other
        hosts: servers
        order: one-by-one
        irreversible: connections to ${{ host.address }} are closed
        run: |
          cat > /etc/nginx/conf.d/site.conf <<-EOF
          	server {
          	  listen 443 ssl;
          	  server_name $DOMAIN;   # one name
          	}
          	EOF
          nginx -t && service nginx reload
        verify:
          - { use: in-service, host: balancer, within: 60s }
          - { that: "${{ host.address != '' }}" }
        outputs:
          serial: { run: openssl x509 -noout -serial -in /etc/ssl/site.pem, line: 1 }

      - id: note
        name: Write it down — für die Nächsten, 次の人へ
        host: balancer
        edit:
          file: /etc/motd
          block: |2+
              certificates: renewed
            by: runbook

        check: { run: grep -q renewed /etc/motd }

      - id: look
        manual: Open https://${{ inputs.domain }}/ and look at the certificate
        check: { use: answers, hold: 5s }
        tags: [last, "by hand"]

      - id: cleanup
        host: balancer
        if: ${{ inputs.challenge == 'dns' }}
        run: >-
          find /etc/acme
          -name '*.old'
          -delete
        verify: { none: nothing is left to ask }
        on_failure:
          show:
            - tail -n 20 /var/log/acme.log
            - 'journalctl -u nginx -n 20'

    hints:
      - output: 'connect: timed out'
        say: "The machine does not answer.\
          \ Is it switched on?"
      - output: Permission denied
        say: ~
      - { output: 'x', say: }
      - output: the last line
    """#
